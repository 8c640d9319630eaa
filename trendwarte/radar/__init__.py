"""Noticing the new: names that texts introduce, candidates that rise, and where a platform stands in its hype."""
