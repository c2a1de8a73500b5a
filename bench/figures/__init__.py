"""Further figures: latency, two workers against one, recovery, a hot subject, growth over a year. One file a figure.

`python -m bench figures` measures them; what came out is in RESULTS.md.
"""
