"""Twitter's API v1.1 and the archive of an account."""
