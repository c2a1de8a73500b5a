"""The whole job on the JVM, with Kafka Streams: how it is built, started and judged; `src` is its program in Java."""

from bench.implementations.kafka_streams.implementation import KafkaStreams

__all__ = ["KafkaStreams"]
