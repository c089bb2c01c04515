"""The cluster of worker processes: the only door to django-q2."""
