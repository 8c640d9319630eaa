"""Text to signals: the only door to reading."""
