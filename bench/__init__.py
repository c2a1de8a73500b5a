"""Benchmarks: the same job on one broker by Antiphon, its peers and bare clients; and further figures.

`make bench` runs them; README.md says how they measure, RESULTS.md what came out.
"""
