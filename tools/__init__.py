"""What makes and runs things for developers: a Kafka for tests and benchmarks, the bundled cases."""
