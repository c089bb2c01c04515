"""The typed outbox: what changed, read by id; NOTIFY only wakes the reader."""
