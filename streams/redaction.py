"""What must never be shown: every secret of this process, in each form in which a log could have it.

A secret is known from the moment its `Secret` is made. Logs, error messages and tracebacks pass through `redact`.
"""

import base64
import json
import re
from collections.abc import Iterator
from typing import Final
from urllib.parse import quote, quote_plus, unquote, urlsplit

__all__ = ["STARS", "hide", "redact"]

STARS: Final = "***"
# Shorter ones would blacken half of every line; where libraries log credentials the patterns below find those, too.
_SHORTEST: Final = 4
_MOST_FORMS: Final = 200  # a process has a handful of secrets with ten forms each; the oldest go first

_forms: dict[str, None] = {}
_known: list[re.Pattern[str] | None] = [None]

_PATTERNS: Final = (
    # aiokafka logs requests whole, and SASL/PLAIN has the password in one.
    (re.compile(r"(Sasl[A-Za-z]*(?:Request|Response)[A-Za-z0-9_]*\().*"), rf"\1{STARS})"),
    (re.compile(r"(?i)((?:proxy-)?authorization[\"']?\s*[:=,]\s*[\"']?(?:[a-z]+\s+)?)[^\s\"',;}]+"), rf"\1{STARS}"),
    (re.compile(r"(?i)((?:basic|bearer)\s+)[a-z0-9+/=_.~-]{8,}"), rf"\1{STARS}"),
    (re.compile(r"(://)[^/\s@\"']*(?=@)"), rf"\1{STARS}"),
    (re.compile(r"(?i)(\b\w*passw(?:or)?d[\"']?\s*[:=]\s*)(?:\"[^\"]*\"|'[^']*'|[^\s,;)}]+)"), rf"\1{STARS}"),
)


def hide(secret: str) -> None:
    """From now on `redact` hides the secret; of URLs, separated by commas, the credentials and the query."""
    found = (form for part in _parts(secret) for form in _forms_of(part))
    if new := {form: None for form in found if len(form) >= _SHORTEST and form not in _forms}:
        _forms.update(new)
        for oldest in list(_forms)[:-_MOST_FORMS]:
            del _forms[oldest]
        _known[0] = re.compile("|".join(map(re.escape, sorted(_forms, key=len, reverse=True))))


def redact(text: str) -> str:
    """The text with stars for every secret."""
    if (known := _known[0]) is not None:
        text = known.sub(STARS, text)
    for pattern, stars in _PATTERNS:
        text = pattern.sub(stars, text)
    return text


def _parts(secret: str) -> Iterator[str]:
    """The secret itself; of URLs what is secret in each, with the value of the header that is made of it."""
    if "://" not in secret:
        yield secret
        return
    for url in secret.split(","):
        try:
            parts = urlsplit(url.strip())
        except ValueError:
            yield url.strip()
            continue
        user, password = unquote(parts.username or ""), parts.password
        if password:
            yield from (password, unquote(password))
            yield base64.b64encode(f"{user}:{unquote(password)}".encode()).decode().rstrip("=")
        elif user:
            yield base64.b64encode(f"{user}:".encode()).decode().rstrip("=")
        if parts.query:
            yield parts.query


def _forms_of(secret: str) -> Iterator[str]:
    """The secret as it is, and as `repr`, JSON, URLs and base64 have it."""
    data = secret.encode("utf-8", "surrogatepass")
    yield from (secret, repr(secret)[1:-1], repr(data)[2:-1], ascii(secret)[1:-1])
    yield from (json.dumps(secret)[1:-1], json.dumps(secret, ensure_ascii=False)[1:-1])
    yield from (quote(secret, safe="", errors="replace"), quote_plus(secret, errors="replace"))
    yield base64.b64encode(data).decode().rstrip("=")
