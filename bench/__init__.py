"""Benchmarks: the same job on one broker by Antiphon, stock Faust and bare clients; and memory per tracked subject.

`make bench` runs them; README.md says how they measure, RESULTS.md what came out.
"""
