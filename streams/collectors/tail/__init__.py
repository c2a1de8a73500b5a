"""The collector `tail`: a growing file."""
