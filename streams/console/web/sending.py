"""An answer on its way to a client: its headers, its ETag, and how long a client may take."""

import asyncio

from aiohttp import web

from streams.console.web.answers import Body
from streams.console.web.headers import HEADERS

__all__ = ["abort", "response_of", "send"]


async def send(request: web.BaseRequest, body: Body, page_seconds: float) -> web.StreamResponse:
    """Send the whole answer, or 304 where the client has it. A client that does not take it within so many seconds is
    disconnected.
    """
    etag = body.etag
    if body.status == 200 and _knows(request.headers.get("If-None-Match", ""), etag):
        response = web.Response(status=304, headers={**HEADERS, **body.headers, "ETag": etag})
    else:
        response = response_of(body)
        if body.status == 200:
            response.headers["ETag"] = etag
    try:
        async with asyncio.timeout(page_seconds):
            await response.prepare(request)
            await response.write_eof()
    except TimeoutError:
        abort(request)
    return response


def response_of(body: Body) -> web.Response:
    """The answer with the headers that every answer has."""
    return web.Response(
        status=body.status, body=body.content, headers={**HEADERS, "Content-Type": body.media_type, **body.headers}
    )


def abort(request: web.BaseRequest) -> None:
    """Break the connection: the client must not take half an answer for a whole one."""
    if request.transport is not None:
        request.transport.abort()


def _knows(header: str, etag: str) -> bool:
    named = {each.strip().removeprefix("W/") for each in header.split(",")}
    return etag in named or "*" in named
