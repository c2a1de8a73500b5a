"""Tests of whole runs over files."""
