"""OpenStreetMap extracts in: roads, turns, buildings, ground, places, stations, cameras."""
