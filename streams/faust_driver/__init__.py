"""Faust's Kafka transport, changed in one way: one Faust event carries one fetched batch of records."""
