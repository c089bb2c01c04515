"""Intake: calls taken, incidents made of them, numbers, notes and files."""
