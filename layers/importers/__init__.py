"""Files and feeds in: sniffed, checked row by row, loaded in one transaction."""
