"""Sources of Bluesky."""
