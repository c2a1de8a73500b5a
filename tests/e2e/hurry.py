"""The project's own configuration for a world in a hurry: the same rules and settings, each time in them a 12th.

Owns how times are found in these files. There is no second rules file, only this one read faster.
"""

import json
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import yaml

from tests.ops.prometheus import Prometheus
from tests.ops.queries import OPS

__all__ = ["FACTOR", "hurried_prometheus", "hurried_rules", "hurried_seconds", "hurrying_prometheus"]

FACTOR: Final = 12
"""A minute passes in five seconds. Faster, and a busy machine would look like a fault: with 20 a worker counted as down
after three seconds without an answer, and a CI machine with two cores had such a moment."""
_SCRAPE: Final = "2s"  # 15 s divided by 12 would be less, but an answer may take that long while all else is busy, too

_UNITS: Final = {"s": 1, "m": 60, "h": 3_600, "d": 86_400}
# A range, an offset, or the whole value of a key. Names of recorded figures have durations in them, which these do not
# meet.
_DURATION: Final = re.compile(r"(?<=\[)(\d+)([smhd])(?=\])|(?:(?<=for: )|(?<=offset ))(\d+)([smhd])$", re.MULTILINE)
# What an age or a rate is compared or multiplied with. Whole minutes are times; counts and shares are none.
_NUMBER: Final = re.compile(r"(?<=[<>=*] )(\d+)(?![\d.])")


def hurried_seconds(seconds: float) -> float:
    """A time of the settings, as short as those of the rules."""
    return seconds / FACTOR


def hurried_rules(text: str) -> str:
    """The text of a rules file: each range, each `for`, and each number of seconds in an expression, divided.

    Raises `ValueError` for a duration that would not be whole milliseconds.
    """
    text = _DURATION.sub(lambda found: _divided(int(found[1] or found[3]), found[2] or found[4]), text)
    return _NUMBER.sub(lambda found: _divided_number(found[1]), text)


def _divided(number: int, unit: str) -> str:
    milliseconds, rest = divmod(number * _UNITS[unit] * 1_000, FACTOR)
    if rest:
        raise ValueError(f"{number}{unit} cannot be divided by {FACTOR}")
    return f"{milliseconds}ms" if milliseconds % 1_000 else f"{milliseconds // 1_000}s"


def _divided_number(digits: str) -> str:
    number = int(digits)
    return str(number // FACTOR) if number and number % 60 == 0 else digits


def hurried_prometheus(
    text: str, rules: str, alertmanagers: Sequence[str], *, workers: Sequence[str] = (), collectors: Sequence[str] = ()
) -> str:
    """The project's prometheus.yml with these rules and addresses (`HOST:PORT`), all asked every two seconds."""
    config: dict[str, Any] = yaml.safe_load(text)
    config["global"] = dict.fromkeys(config["global"], _SCRAPE)
    config["rule_files"] = [rules]
    config["alerting"]["alertmanagers"] = [{"static_configs": [{"targets": list(alertmanagers)}]}]
    jobs = {job["job_name"]: job for job in config["scrape_configs"]}
    targets = {"antiphon": workers, "antiphon-collectors": collectors, "alertmanager": alertmanagers}
    for name, addresses in targets.items():
        jobs[name].pop("dns_sd_configs", None)
        jobs[name]["static_configs"] = [{"targets": list(addresses)}]
    config["scrape_configs"] = [jobs[name] for name in targets]
    return json.dumps(config)


def hurrying_prometheus(
    directory: Path, alertmanagers: Sequence[str], *, workers: Sequence[str] = (), collectors: Sequence[str] = ()
) -> Prometheus:
    """A real Prometheus with what is shipped, in a hurry. Its rules stand in the directory; Alertmanagers are URLs."""
    rules = directory / "antiphon.rules.yml"
    rules.write_text(hurried_rules((OPS / "prometheus" / "rules" / rules.name).read_text("utf-8")), "utf-8")
    shipped = (OPS / "prometheus" / "prometheus.yml").read_text("utf-8")
    addresses = [url.removeprefix("http://") for url in alertmanagers]
    return Prometheus(hurried_prometheus(shipped, str(rules), addresses, workers=workers, collectors=collectors))
