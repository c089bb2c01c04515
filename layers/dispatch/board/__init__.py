"""What the consoles show: rows of incidents, units and calls, and the board as one snapshot."""
