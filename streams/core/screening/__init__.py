"""SCREEN: which events concern an official or a tracked account."""
