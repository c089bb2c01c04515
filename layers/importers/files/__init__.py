"""Opening a file safely and reading it into rows: nothing here knows a layer or the database."""
