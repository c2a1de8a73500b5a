"""What a client downloads: the proof of an alert, and rows as CSV or NDJSON. Each download is logged and counted."""

import asyncio
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from typing import Final

from aiohttp import web

from streams.console.proofs import proof_file_name, proof_of_alert
from streams.console.store.reading import NoStoreError, Store, TooLongError
from streams.console.web.access import Access
from streams.console.web.addresses import Address
from streams.console.web.answers import MEDIA_TYPES, Body, RefusedRequest, answer_of, parts_of
from streams.console.web.export_log import log_export
from streams.console.web.headers import HEADERS
from streams.console.web.metrics import ConsoleMetrics
from streams.console.web.sending import abort, send
from streams.errors import InputError

__all__ = ["Downloads"]

_EXPORTS: Final = 2  # at once


class Downloads:
    """Of one console. A client that takes nothing for `page_seconds` is disconnected."""

    def __init__(self, store: Store, access: Access, metrics: ConsoleMetrics, page_seconds: float) -> None:
        self._store = store
        self._access = access
        self._metrics = metrics
        self._page_seconds = page_seconds
        self._proving = asyncio.Lock()
        self._exports = asyncio.Semaphore(_EXPORTS)

    async def proof(self, request: web.BaseRequest, alert_id: str) -> web.StreamResponse:
        """One at a time: it is made while somebody waits, and takes a second or more of a processor."""
        if self._proving.locked():
            raise RefusedRequest(503, "Another proof is being made.", "Try again in a moment.", {"Retry-After": "5"})
        async with self._proving:
            loop = asyncio.get_running_loop()
            with ThreadPoolExecutor(1, "console-proof") as thread:
                try:
                    proof = await loop.run_in_executor(thread, proof_of_alert, self._store, alert_id)
                except InputError as error:
                    raise RefusedRequest(
                        503, f"The proof cannot be made here: {error.message}.", error.remedy
                    ) from None
                except (NoStoreError, TooLongError):
                    raise RefusedRequest(503, "The store takes too long.", "Try again later.") from None
        if proof is None:
            raise RefusedRequest(404, "There is no such alert.", "The alerts are at /.")
        disposition = f'attachment; filename="{proof_file_name(alert_id)}"'
        body = Body(content=proof.file, media_type="application/zip", headers={"Content-Disposition": disposition})
        response = await send(request, body, self._page_seconds)
        if request.method == "GET" and response.status == 200:
            self._note_export(request, "proof", len(proof.file), whole=True)
        return response

    async def rows(self, request: web.BaseRequest, place: Address, parameters: Mapping[str, str]) -> web.StreamResponse:
        """In a thread of its own, which the rows do not leave; as fast as the client takes them."""
        if self._exports.locked():
            raise RefusedRequest(
                503, "Too many files are being written.", "Try again in a moment.", {"Retry-After": "5"}
            )
        name = place.route.path.strip("/").replace("/", "-") or "alerts"
        headers = {
            **HEADERS,
            "Content-Type": MEDIA_TYPES[place.form],
            "Content-Disposition": f'attachment; filename="antiphon-{name}.{place.form}"',
        }
        response = web.StreamResponse(headers=headers)
        sent, whole = 0, False
        loop = asyncio.get_running_loop()
        with ThreadPoolExecutor(1, "console-export") as thread:
            async with self._exports:
                answer = await loop.run_in_executor(
                    thread, answer_of, self._store, place, parameters, datetime.now(UTC)
                )
                parts = parts_of(answer, place.form)
                try:
                    part = await loop.run_in_executor(thread, next, parts, None)
                    async with asyncio.timeout(self._page_seconds):
                        await response.prepare(request)
                    while part is not None and request.method == "GET":
                        async with asyncio.timeout(self._page_seconds):
                            await response.write(part)
                        sent += len(part)
                        part = await loop.run_in_executor(thread, next, parts, None)
                    whole = True
                except (TooLongError, TimeoutError, ConnectionError):
                    if not response.prepared:
                        raise RefusedRequest(503, "This question takes too long.", "Narrow it.") from None
                    abort(request)  # half a file must not look like a whole one
                finally:
                    if response.prepared and request.method == "GET":
                        self._note_export(request, place.form, sent, whole=whole)
        return response

    def _note_export(self, request: web.BaseRequest, form: str, sent: int, *, whole: bool) -> None:
        self._metrics.exports.labels(form).inc()
        log_export(
            user=self._access.user(request.headers),
            peer=request.remote or "",
            address=request.raw_path,
            form=form,
            bytes_sent=sent,
            whole=whole,
        )
