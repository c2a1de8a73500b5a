"""Asks a time-stamping authority over HTTP. Source: RFC 3161, 3.4."""

from hashlib import sha256
from typing import Final

import aiohttp

from streams.errors import InputError
from streams.printable import printable
from streams.proofs.layout import TIMESTAMP, most_bytes
from streams.proofs.signing_keys import not_installed
from streams.proofs.timestamps import timestamp_of

__all__ = ["ask_authority"]

_SECONDS: Final = 30
_REMEDY: Final = "name another authority, or have the digest stamped elsewhere and use --timestamp"


async def ask_authority(url: str, manifest: bytes) -> bytes:
    """The time stamp of a manifest, of which only the SHA-256 is sent.

    Raises `InputError` where nothing answers, or not with a time stamp of it.
    """
    try:
        from rfc3161_client import HashAlgorithm, TimestampRequestBuilder
    except ImportError as error:
        raise not_installed("a time stamp", "rfc3161-client") from error
    request = (
        TimestampRequestBuilder().data(manifest).hash_algorithm(HashAlgorithm.SHA256).cert_request(cert_request=True)
    ).build()
    if request.message_imprint.message != sha256(manifest).digest():
        raise AssertionError("the id of the proof is what is to be stamped")
    name = f"the answer of {printable(url, 200)}"
    most = most_bytes(TIMESTAMP)
    headers = {"Content-Type": "application/timestamp-query", "Accept": "application/timestamp-reply"}
    try:
        async with (
            aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=_SECONDS)) as session,
            session.post(url, data=request.as_bytes(), headers=headers) as response,
        ):
            if response.status != 200:
                raise InputError(f"{name} has status {response.status}", remedy=_REMEDY)
            answer = bytearray()
            async for part in response.content.iter_any():
                answer += part
                if len(answer) > most:
                    raise InputError(f"{name} has more than {most:,} bytes", remedy=_REMEDY)
    except (aiohttp.ClientError, TimeoutError, ValueError) as error:
        reason = printable(str(error), 200) or "nothing came in time"
        raise InputError(f"{printable(url, 200)} did not answer: {reason}", remedy=_REMEDY) from error
    return timestamp_of(bytes(answer), manifest, name, request.nonce)
