"""Roads, the routing graph, snapping, travel times, isochrones and closures."""
