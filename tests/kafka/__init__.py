"""Tests of the brokers, and the real Apache Kafka that the tests run against."""
