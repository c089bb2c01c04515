"""One declaration for each layer that a file can hold: its columns, keys and rules."""
