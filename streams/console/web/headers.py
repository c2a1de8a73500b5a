"""The headers of every answer: nothing from elsewhere, no inline script or style, no frame, no referrer."""

import base64
import hashlib
from collections.abc import Mapping
from typing import Final

__all__ = ["FOREVER", "HEADERS", "svg_policy"]

_POLICY: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; form-action 'self'; "
    "base-uri 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types 'none'"
)
# Every feature that a page could ask Chromium for, as of 2026. It complains of names that it does not know.
_FEATURES: Final = (
    "accelerometer", "autoplay", "browsing-topics", "camera", "display-capture", "encrypted-media",
    "fullscreen", "gamepad", "geolocation", "gyroscope", "hid", "idle-detection", "local-fonts", "magnetometer",
    "microphone", "midi", "payment", "picture-in-picture", "publickey-credentials-get", "screen-wake-lock", "serial",
    "storage-access", "usb", "xr-spatial-tracking",
)  # fmt: skip

HEADERS: Final[Mapping[str, str]] = {
    "Content-Security-Policy": _POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": ", ".join(f"{feature}=()" for feature in _FEATURES),
    "X-Frame-Options": "DENY",  # for what does not read frame-ancestors
    "X-Robots-Tag": "noindex, nofollow",
    "Cache-Control": "private, no-cache",
    "Vary": "Authorization, Sec-Fetch-Mode",
    "Server": "antiphon",
}
"""Of every answer, also of refusals and of what is no HTTP. Single answers put others in the place of some."""

FOREVER: Final = "private, max-age=31536000, immutable"
"""`Cache-Control` of what has its digest in its address."""


def svg_policy(style: str) -> str:
    """The policy of a figure that stands alone and carries the style sheet `style`: that one and nothing else."""
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    return f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; frame-ancestors 'none'"
