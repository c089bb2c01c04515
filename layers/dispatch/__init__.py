"""Units, positions, statuses, recommendation and assignment."""
