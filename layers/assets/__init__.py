"""Camera models, sites, cameras, wifi hotspots, stations and their state."""
