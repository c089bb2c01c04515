"""Documents to print: PDF with the same numbers that pages and exports show."""
