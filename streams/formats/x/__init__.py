"""X's API v2, its Activity API, compliance messages, and captures of its pages."""
