"""Probes: whether a long-running process is alive and ready, and the HTTP server that says so."""
