"""Collectors of X: its Activity API, its filtered stream, and a compliance job a day. A token, and money."""
