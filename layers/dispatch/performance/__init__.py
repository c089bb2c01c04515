"""How well it went: intervals between stamped times, as the field defines them."""
