"""Lists of suspended accounts."""
