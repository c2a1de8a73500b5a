"""Makes the proofs that every later version must verify."""
