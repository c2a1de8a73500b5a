"""Mutants: deliberate bugs in the delivery path, each of which some test must notice."""
