"""The case of its successor."""
