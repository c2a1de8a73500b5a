"""Rules and the figures they look at, and the file they are written in."""
