"""ops/alertmanager/alertmanager.yml is one that Alertmanager takes, and sends alerts where it says."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.ops.alertmanager import quick_config, require_alertmanager
from tests.ops.shipped import SHIPPED, filled_in
from tools.alertmanager import TEMPLATES, Receiver
from tools.alertmanager import Alertmanager as RealAlertmanager


def _amtool(*arguments: str) -> str:
    require_alertmanager()
    done = subprocess.run(["amtool", *arguments], capture_output=True, text=True, check=False, timeout=20)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_alertmanager_takes_it() -> None:
    assert "SUCCESS" in _amtool("check-config", str(SHIPPED))


def test_alertmanager_takes_it_with_every_example_filled_in(tmp_path: Path) -> None:
    """Every comment that is configuration, uncommented."""
    text = filled_in()
    shutil.copytree(TEMPLATES, tmp_path / TEMPLATES.name)
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
        ("antiphon_id=1 severity=critical", "on-call,analysts,archive"),
        ("antiphon_id=1 severity=warning", "analysts,archive"),
        ("antiphon_id=1 severity=info", "archive"),
        ("antiphon_id=1 severity=critical country=IR", "desk-IR,on-call,analysts,archive"),
        ("antiphon_id=1 severity=warning country=FR", "analysts,archive"),
        ("alertname=AntiphonAlertFlood severity=warning rule=x", "analysts,archive"),
        ("alertname=AntiphonAlertFlood severity=info rule=x", "archive"),
        ("alertname=AntiphonAlive severity=none", "dead-man"),
        ("alertname=AntiphonCanaryOld severity=critical", "on-call"),
        ("alertname=AntiphonSourceSilent severity=warning", "operators"),
    ],
)
def test_alerts_go_by_severity_and_state(labels: str, receivers: str) -> None:
    routed = _amtool("config", "routes", "test", f"--config.file={SHIPPED}", *labels.split())
    assert routed.strip() == receivers


def test_alertmanager_starts_with_it() -> None:
    require_alertmanager()
    with RealAlertmanager(SHIPPED.read_text("utf-8")) as alertmanager:
        assert alertmanager.alerts() == []


def test_a_file_that_alertmanager_refuses_is_noticed() -> None:
    """The tests above can fail."""
    require_alertmanager()
    with Receiver() as receiver, pytest.raises(AssertionError):
        RealAlertmanager(quick_config(receiver.url).replace("receiver", "reciever")).start()
