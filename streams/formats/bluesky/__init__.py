"""Frames of Bluesky's Jetstream."""
