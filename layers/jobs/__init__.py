"""Durable background jobs; the only door to django-q2."""
