"""The worker process: the Faust app, health, lag, canaries and what ends it."""
