"""Management commands: thin faces over services."""
