"""A real Apache Kafka from Maven's jars, for tests, benchmarks and `make kafka`."""
