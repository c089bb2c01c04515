"""Documents that people print, open in a spreadsheet or in a GIS, with the numbers pages show."""
