"""Where results go besides the topics."""
