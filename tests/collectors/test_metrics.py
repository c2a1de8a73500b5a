"""The series of a collector: a bounded number, whatever a source sends, and each there from the start."""

from prometheus_client import CollectorRegistry

from streams.collectors.metrics import MOST_SKIPPED_NAMES, OTHER, CollectorMetrics

_LABELS = {"collector": "lines", "source": "lines"}


def test_a_source_that_invents_names_adds_no_series_beyond_a_hundred() -> None:
    metrics = CollectorMetrics(CollectorRegistry())
    series = metrics.of_source("lines", "lines")
    for number in range(1_000):
        series.count_skipped(f"name {number}", 1)
    names = {each.labels["name"] for each in next(iter(metrics.skipped.collect())).samples}
    assert len(names) == MOST_SKIPPED_NAMES + 1
    others = metrics.registry.get_sample_value("antiphon_collector_skipped_total", _LABELS | {"name": OTHER})
    assert others == 1_000 - MOST_SKIPPED_NAMES


def test_what_rules_watch_reads_0_before_it_happens() -> None:
    metrics = CollectorMetrics(CollectorRegistry())
    metrics.of_source("lines", "lines")
    for name, label, values in (
        ("reconnects", "reason", ("silent", "closed", "refused", "throttled", "key_refused", "protocol")),
        ("gaps", "closed_by", ("open", "none", "replay", "back_fill")),
    ):
        for value in values:
            found = metrics.registry.get_sample_value(f"antiphon_collector_{name}_total", _LABELS | {label: value})
            assert found == 0.0, (name, value)


def test_each_help_text_says_what_a_change_means() -> None:
    for family in CollectorMetrics(CollectorRegistry()).registry.collect():
        assert family.name.startswith("antiphon_collector_")
        plain = family.name == "antiphon_collector_build_info"
        assert plain or any(word in family.documentation for word in ("rise", "fall", "0 means")), family.name
