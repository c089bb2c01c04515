"""Every drawable layer, declared once."""
