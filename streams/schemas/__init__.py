"""The public contract as files: JSON Schemas, examples and the AsyncAPI document, and what may change in them."""

from streams.schemas.baseline import BASELINE, breaks, check, record_baseline
from streams.schemas.compatibility import compatibility
from streams.schemas.generate import drift, export, generate
from streams.schemas.payloads import PAYLOADS, DeadLetterHeaders, Direction, Payload

__all__ = [
    "BASELINE",
    "PAYLOADS",
    "DeadLetterHeaders",
    "Direction",
    "Payload",
    "breaks",
    "check",
    "compatibility",
    "drift",
    "export",
    "generate",
    "record_baseline",
]
