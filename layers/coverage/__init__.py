"""Camera optics, visibility, demand, gaps, siting and plans."""
