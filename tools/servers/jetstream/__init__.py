"""A local Jetstream: replays a log on both wires of the real server, and misbehaves where it is told to."""
