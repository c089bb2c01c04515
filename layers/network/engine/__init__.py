"""The routing engine itself: arrays in, arrays out, no database."""
