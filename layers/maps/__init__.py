"""The composition of every map view by folium, under a strict content policy."""
