"""Show and serve faces."""
