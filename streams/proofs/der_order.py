"""The certificates in an answer of a time-stamping authority, put in the order of DER.

`openssl ts`, which much of the world runs, writes them in the order of its configuration, and a strict reader refuses
that. No signature covers the order (RFC 5652, 5.1), and no length changes.
"""

from typing import Final

__all__ = ["with_sorted_certificates"]

_CERTIFICATES: Final = 0xA0
_MOST_LENGTH_BYTES: Final = 4


def with_sorted_certificates(answer: bytes) -> bytes:
    """The TimeStampResp with its certificates sorted; what is none is returned as it is, for the reader to refuse."""
    try:
        ((_, *response),) = _children(answer, 0, len(answer))
        token = _children(answer, *response[1:])[1]
        content = _children(answer, *token[2:])[1]
        signed_data = _children(answer, *content[2:])[0]
        for tag, _, begin, end in _children(answer, *signed_data[2:]):
            if tag == _CERTIFICATES:
                certificates = sorted(answer[at:until] for _, at, _, until in _children(answer, begin, end))
                return answer[:begin] + b"".join(certificates) + answer[end:]
    except (ValueError, IndexError):
        pass
    return answer


def _children(data: bytes, at: int, end: int) -> list[tuple[int, int, int, int]]:
    """The elements between two places: tag, where it begins, and where its content begins and ends."""
    found: list[tuple[int, int, int, int]] = []
    while at < end:
        begin, size = at + 2, data[at + 1]
        if size & 0x80:
            count = size & 0x7F
            if not 0 < count <= _MOST_LENGTH_BYTES:
                raise ValueError("a length that DER does not have here")
            size = int.from_bytes(data[begin : begin + count], "big")
            begin += count
        if begin + size > end:
            raise ValueError("an element that ends after the one around it")
        found.append((data[at], at, begin, begin + size))
        at = begin + size
    return found
