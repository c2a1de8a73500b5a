"""NOTIFY: which alerts are told to people, and when."""
