"""HTML views: parse, call, render."""
