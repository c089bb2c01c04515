"""Plans of new camera sites: candidates, what each could see, the choice, and its record."""
