"""From request to pole: requests, plans, their review, their installation."""
