"""Every drawable layer, declared once: read by tiles, maps, API and JavaScript alike."""
