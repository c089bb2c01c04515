"""Append-only history written by database triggers, bulk and raw changes included."""
