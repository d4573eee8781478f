"""The half of the page that is about scenes."""
