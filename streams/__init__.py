"""Antiphon: tells within seconds when official State accounts start amplifying an account that is not theirs."""

__all__ = ["__version__"]

__version__ = "0.1.0"
