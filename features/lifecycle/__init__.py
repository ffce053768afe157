"""When a lead opens, is with sales, closes and opens again, and which reject reasons leave its outcome unknown."""
