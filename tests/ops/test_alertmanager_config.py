"""ops/alertmanager/alertmanager.yml is one that Alertmanager takes, and sends alerts where it says."""

import re
import subprocess
from pathlib import Path

import pytest

from tests.ops.alertmanager import quick_config, require_alertmanager
from tools.alertmanager import Alertmanager as RealAlertmanager
from tools.alertmanager import Receiver

_FILE = Path(__file__).parents[2] / "ops" / "alertmanager" / "alertmanager.yml"


def _amtool(*arguments: str) -> str:
    require_alertmanager()
    done = subprocess.run(["amtool", *arguments], capture_output=True, text=True, check=False, timeout=20)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_alertmanager_takes_it() -> None:
    assert "SUCCESS" in _amtool("check-config", str(_FILE))


def test_alertmanager_takes_it_with_every_example_filled_in(tmp_path: Path) -> None:
    """Every comment that is configuration, uncommented."""
    text = re.sub(r"^( *)# ((?: *- | *)[a-z_A-Z]+:.*|  +- .*)$", r"\1\2", _FILE.read_text("utf-8"), flags=re.MULTILINE)
    filled = tmp_path / "filled.yml"
    filled.write_text(text, encoding="utf-8")
    said = _amtool("check-config", str(filled))
    assert "SUCCESS" in said
    assert " - 3 inhibit rules" in said
    for kind in ("pagerduty", "slack", "email", "webhook"):
        assert re.search(rf"^ +{kind}_configs:$", text, re.MULTILINE), kind


@pytest.mark.parametrize(
    ("labels", "receivers"),
    [
        ("antiphon_id=1 severity=critical", "on-call"),
        ("antiphon_id=1 severity=warning", "analysts"),
        ("antiphon_id=1 severity=info", "archive"),
        ("antiphon_id=1 severity=critical country=IR", "desk-IR"),
        ("antiphon_id=1 severity=warning country=FR", "nobody"),
        ("alertname=AntiphonAlertFlood severity=warning rule=x", "analysts"),
        ("alertname=AntiphonCanaryOld severity=critical", "on-call"),
        ("alertname=AntiphonSourceSilent severity=warning", "operators"),
    ],
)
def test_alerts_go_by_severity_and_state(labels: str, receivers: str) -> None:
    routed = _amtool("config", "routes", "test", f"--config.file={_FILE}", *labels.split())
    assert routed.strip() == receivers


def test_alertmanager_starts_with_it() -> None:
    require_alertmanager()
    with RealAlertmanager(_FILE.read_text("utf-8")) as alertmanager:
        assert alertmanager.alerts() == []


def test_a_file_that_alertmanager_refuses_is_noticed() -> None:
    """The tests above can fail."""
    require_alertmanager()
    with Receiver() as receiver, pytest.raises(AssertionError):
        RealAlertmanager(quick_config(receiver.url).replace("receiver", "reciever")).start()
