"""How a live run looks: a table that is renewed on a terminal, lines elsewhere, JSON for machines."""

import sys
import time
from collections.abc import Sequence
from types import TracebackType
from typing import Final, Self

from rich.console import Group
from rich.live import Live
from rich.text import Text

from streams.cli.printed_json import printed_json
from streams.cli.terminal import counted, row, stderr, stdout, table
from streams.core.clock import from_us
from streams.core.enriched import Alert
from streams.core.rosters.roster import Roster
from streams.formats.bluesky.jetstream_fields import BLUESKY
from streams.jobs.live_figures import LiveFigures, LiveSubject
from streams.printable import printable

__all__ = ["LiveView"]

_ROWS: Final = 15
_ALERTS: Final = 8
_LINE_SECONDS: Final = 60.0
_SEVERITY_STYLES: Final = {"critical": "bold red", "warning": "yellow"}


class LiveView:
    """A context manager around the run. On a terminal it takes the place of what it showed before."""

    def __init__(self, roster: Roster, *, as_json: bool) -> None:
        ours = {entry.account_key: entry for entry in roster.entries if entry.platform == BLUESKY and entry.account_id}
        self._officials = len(ours)
        self._countries = len({entry.country for entry in ours.values()})
        self._as_json = as_json
        self._console = stdout()
        self._live: Live | None = None
        self._figures = LiveFigures()
        self._alerts = 0
        self._line_at = time.monotonic()

    def begin(self, broker: str) -> None:
        """The broker is there."""
        watched = f"{counted(self._officials, 'official')} of {counted(self._countries, 'country')}"
        stderr().print(Text(f"Watching {watched} on Bluesky; broker {broker}. Ctrl-C ends it."))

    def __enter__(self) -> Self:
        if self._console.is_terminal and not self._as_json:
            self._live = Live(console=self._console, auto_refresh=False, transient=True)
            self._live.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._live is not None:
            self._live.stop()
            self._live = None

    def show(self, figures: LiveFigures, fresh: Sequence[Alert]) -> None:
        """The figures of now, and the alerts that have begun to fire."""
        self._figures = figures
        self._alerts += len(fresh)
        if self._as_json:
            for alert in fresh:
                sys.stdout.write(printed_json(alert, indent=0) + "\n")
            sys.stdout.flush()
        elif self._live is not None:
            self._live.update(self._page(figures), refresh=True)
        else:
            for alert in fresh:
                self._console.print(_alert_line(alert))
            if time.monotonic() - self._line_at >= _LINE_SECONDS:
                self._line_at = time.monotonic()
                stderr().print(Text(_summary(figures)))

    def end(self) -> None:
        """All is ended: what was found stays on the page."""
        if not self._as_json:
            self._console.print(self._page(self._figures))

    def _page(self, figures: LiveFigures) -> Group:
        now_us = time.time_ns() // 1_000
        subjects = table(
            "account", "created", "followers", "last hour", "24 hours", "officials", "States", "last", "",
            right=("followers", "last hour", "24 hours", "officials"),
        )  # fmt: skip
        rows = figures.rows(now_us, _ROWS)
        for each in rows:
            account = each.subject
            created = None if account.created_at is None else f"{account.created_at:%Y-%m-%d}"
            row(
                subjects, account.handle or account.id, created, account.followers, each.last_hour, each.last_day,
                each.officials, " ".join(each.countries), f"{from_us(each.last_us):%H:%M:%S}", _note(each),
            )  # fmt: skip
        parts: list[object] = [Text("Amplified by officials, by what was seen since the start", style="bold"), subjects]
        if not rows:
            parts.append(Text("Nobody yet.", style="dim"))
        parts.append(Text(""))
        alerts = figures.alerts()
        parts.append(Text(f"Alerts: {len(alerts)}", style="bold"))
        parts += [_alert_line(alert) for alert in alerts[:_ALERTS]]
        parts.append(Text(_summary(figures), style="dim"))
        return Group(*parts)  # type: ignore[arg-type]


def _note(each: LiveSubject) -> str:
    return "on the roster" if each.is_official else ""


def _alert_line(alert: Alert) -> Text:
    style = _SEVERITY_STYLES.get(alert.severity, "")
    said = Text(f"{alert.severity:<8} ", style=style)
    said.append(f"{alert.rule}  ", style="bold")
    said.append(f"{printable(alert.summary)}", style="")
    return said


def _summary(figures: LiveFigures) -> str:
    dropped = f", {figures.dropped:,} of the oldest left out" if figures.dropped else ""
    return f"{counted(figures.amplifications, 'amplification')} since the start{dropped}; all times UTC."
