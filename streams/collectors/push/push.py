"""The collector `push`: a small HTTP endpoint for scrapers, scripts and a Tap's webhook."""

import ssl
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from ipaddress import ip_address
from typing import Annotated, Final

from msgspec import Meta, Struct

from streams.collectors.collector import Collector, CollectorContext
from streams.collectors.push.push_server import PushPolicy, listening
from streams.collectors.push.push_source import PushSource
from streams.collectors.secret_files import token_of
from streams.collectors.source import Source
from streams.errors import ConfigurationError
from streams.formats.registry import all_formats, reader_named
from streams.setting_sources import Secret

__all__ = ["PUSH", "PushSettings"]

_LEAST_TOKEN: Final = 16
_Path = Annotated[str, Meta(max_length=4_096)]


class PushSettings(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Where it listens, to whom, and how much it takes."""

    host: Annotated[str, Meta(max_length=255, description="address to listen on: loopback, or any with TLS")] = (
        "127.0.0.1"
    )
    port: Annotated[int, Meta(ge=0, le=65_535, description="port to listen on")] = 8_480
    token: Annotated[Secret, Meta(description=f"what senders must know, {_LEAST_TOKEN} characters at least")] = Secret(
        ""
    )
    token_file: Annotated[_Path, Meta(description="file with the token, instead of the variable")] = ""
    tls_certificate: Annotated[_Path, Meta(description="certificate chain (PEM); with it, HTTPS")] = ""
    tls_key: Annotated[_Path, Meta(description="its private key (PEM)")] = ""
    format: Annotated[
        str, Meta(max_length=4_200, description="format of batches that name none: of `antiphon formats`")
    ] = "canonical"
    body_bytes: Annotated[int, Meta(ge=1_024, le=67_108_864, description="largest body, as it comes and unpacked")] = (
        8_388_608
    )
    batch_events: Annotated[int, Meta(ge=1, le=1_000_000, description="most events of a batch")] = 20_000
    body_seconds: Annotated[float, Meta(ge=0.1, le=600, description="a body must come within")] = 30.0
    header_seconds: Annotated[
        float, Meta(ge=0.1, le=600, description="a connection without a request is closed after")
    ] = 10.0
    kafka_seconds: Annotated[
        float, Meta(ge=0.1, le=600, description="a sender is told to send again when Kafka takes longer")
    ] = 30.0
    requests_per_second: Annotated[float, Meta(ge=0.1, le=10_000, description="most requests a second")] = 50.0
    at_once: Annotated[
        int, Meta(ge=1, le=256, description="bodies that are read together, and batches that wait for Kafka")
    ] = 8


@asynccontextmanager
async def _open(own: PushSettings, _context: CollectorContext) -> AsyncIterator[Sequence[Source]]:
    source = PushSource(own.at_once)
    async with listening(policy_of(own), source, reader_named(own.format), all_formats().get):
        yield [source]


def policy_of(own: PushSettings) -> PushPolicy:
    """The server's limits, token and certificate. Raises `ConfigurationError`."""
    return PushPolicy(
        host=own.host,
        port=own.port,
        token=token_of(
            own.token,
            own.token_file,
            "ANTIPHON_COLLECT_PUSH_TOKEN",
            _LEAST_TOKEN,
            "what `openssl rand -hex 32` prints",
        ),
        tls=_tls_of(own),
        body_bytes=own.body_bytes,
        batch_events=own.batch_events,
        header_seconds=own.header_seconds,
        body_seconds=own.body_seconds,
        kafka_seconds=own.kafka_seconds,
        requests_per_second=own.requests_per_second,
        at_once=own.at_once,
    )


def _tls_of(own: PushSettings) -> ssl.SSLContext | None:
    if bool(own.tls_certificate) != bool(own.tls_key):
        raise ConfigurationError("tls_certificate, tls_key: one without the other", remedy="give both, or none")
    if not own.tls_certificate:
        if not _is_loopback(own.host):
            raise ConfigurationError(
                f"host: {own.host} is not this machine's own address, and there is no TLS: the token would be readable",
                remedy="set tls_certificate and tls_key, or listen on 127.0.0.1 behind a proxy",
            )
        return None
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    try:
        context.load_cert_chain(own.tls_certificate, own.tls_key)
    except (OSError, ssl.SSLError) as error:
        raise ConfigurationError(
            f"tls_certificate, tls_key: {error.strerror or type(error).__name__}",
            remedy="give a certificate chain and its key, both PEM, that this user may read",
        ) from None
    return context


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


PUSH: Final = Collector(
    name="push",
    platform="any",
    summary="events that others send by HTTP, in any format, each batch answered when Kafka has it",
    teaches=(
        "Listen for batches of events: `POST /events?format=NAME` with lines, an array or a table of any format of "
        "`antiphon formats`, plain, gzip or zstd, and `POST /tap` for the webhook of a Tap. Senders show the token "
        "(`Authorization: Bearer TOKEN`, or as the password of Basic).\n\n"
        "A batch is answered when Kafka has it: 200, with each refused event by its index and reason; 422 where there "
        "is nothing else. With an `Idempotency-Key` a batch that is sent again is not written again. Without TLS it "
        "listens on loopback only.\n\n"
        "It cannot see what is not sent: it publishes no coverage."
    ),
    settings=PushSettings,
    open=_open,
)
