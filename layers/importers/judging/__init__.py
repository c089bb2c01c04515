"""Judging rows: what headers mean, typed values, positions, faults; no writing."""
