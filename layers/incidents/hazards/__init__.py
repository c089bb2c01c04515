"""Hazards that others warn of: earthquakes and weather, fetched, read, shown until they end."""
