"""What marketing and sales agreed a sales lead is: read, checked, versioned, with the points of its criteria."""
