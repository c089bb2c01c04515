"""Composition of every map view by folium; the only room that knows folium."""
