"""The whole job on the JVM, with Kafka Streams: how it is built, started and judged; `src` is its program in Java."""

from bench.contestants.kafka_streams.contestant import KafkaStreams

__all__ = ["KafkaStreams"]
