"""Chaos: a seeded run of faults against a real Kafka and real workers, compared with a single-threaded oracle."""
