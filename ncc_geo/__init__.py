"""Project package: settings, addresses and process entry points."""
