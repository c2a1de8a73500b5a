"""What our HTTP servers share: bounded connections, limits, tokens."""
