"""Texts: what they have in common, in any script."""
