"""Proofs: files from which anybody can recompute an alert without a broker, a network or trust in who made them."""
