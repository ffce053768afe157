"""When a lead opens, is with sales, converts, closes and opens again."""
