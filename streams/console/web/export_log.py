"""Who took what away: a log line for each file of rows and each proof, structured like every other line."""

import logging
from typing import Final

__all__ = ["log_export"]

_log: Final = logging.getLogger(__name__)


def log_export(*, user: str | None, peer: str, address: str, form: str, bytes_sent: int, whole: bool) -> None:
    """`user` is whom the proxy names; without one the peer's address is all that is known. `whole` says that the client
    took all of it; an export that broke off has been taken as far as `bytes_sent`.
    """
    _log.info(
        "console export",
        extra={
            "user": user or "",
            "peer": peer,
            "address": address,
            "form": form,
            "bytes": bytes_sent,
            "whole": whole,
        },
    )
