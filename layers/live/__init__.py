"""Server-sent events from the outbox to the consoles."""
