"""When two runs count as the same: everything but where the evidence happens to stand."""

import msgspec

from streams.core.backtest import Results
from streams.core.enriched import Alert

__all__ = ["assert_same"]


def assert_same(ours: Results, oracle: Results) -> None:
    """Same amplifications by id, same dossiers and aftermaths, same alerts but for where the evidence stands."""
    assert ours.dossiers.keys() == oracle.dossiers.keys()
    different = [key for key, dossier in oracle.dossiers.items() if ours.dossiers[key] != dossier]
    assert not different, f"{len(different)} dossiers differ; of {different[0]}: " + _differences(
        ours.dossiers[different[0]], oracle.dossiers[different[0]]
    )
    assert {(a.kind, a.id, a.subject.id) for a in ours.amplifications} == {
        (a.kind, a.id, a.subject.id) for a in oracle.amplifications
    }
    assert ours.aftermaths.keys() == oracle.aftermaths.keys()
    for key, aftermath in oracle.aftermaths.items():
        assert ours.aftermaths[key] == aftermath, _differences(ours.aftermaths[key], aftermath)
    assert ours.alerts.keys() == oracle.alerts.keys()
    for key, alert in oracle.alerts.items():
        mine, theirs = _without_places(ours.alerts[key]), _without_places(alert)
        assert mine == theirs, _differences(mine, theirs)


def _differences(ours: msgspec.Struct, oracle: msgspec.Struct) -> str:
    fields = msgspec.structs.asdict(ours)
    return "; ".join(
        f"{name} is {str(fields[name])[:300]} and should be {str(value)[:300]}"
        for name, value in msgspec.structs.asdict(oracle).items()
        if fields[name] != value
    )


def _without_places(alert: Alert) -> Alert:
    evidence = tuple(msgspec.structs.replace(item, source=None) for item in alert.evidence)
    return msgspec.structs.replace(alert, evidence=evidence)
