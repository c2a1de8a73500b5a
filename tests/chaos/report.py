"""What a chaos run found, as text: faults injected, results compared, differences found."""

from tests.chaos.plan import FaultKind
from tests.chaos.run import ChaosRun

__all__ = ["report"]


def report(run: ChaosRun) -> str:
    """Three tables, and in a sentence how it ended."""
    width = max(map(len, [*run.injected, *run.verdict.compared]))
    lines = [f"{'fault':{width}}  injected"]
    lines += [f"{kind:{width}}  {count:8,}" for kind, count in run.injected.items()]
    lines += [f"{'together':{width}}  {sum(run.injected.values()):8,}", ""]
    lines.append(f"{'compared with the oracle':{width}}  {'compared':>9}  differences")
    lines += [
        f"{what:{width}}  {count:9,}  {run.verdict.differences[what]:11,}"
        for what, count in run.verdict.compared.items()
    ]
    lines.append("")
    if run.restarts:
        lines.append("workers that ended by themselves and were started again:")
        lines += [f"{count:6,}  {how}" for how, count in run.restarts.items()]
        lines.append("")
    if run.cuts:
        lines.append(f"logs cut back: {', '.join(f'{topic} {count}' for topic, count in run.cuts.items())}")
        lines.append(f"workers refused, and their remedy was carried out: {sum(run.remedies.values())} times")
        lines.append("")
    if run.longest_lag_days:
        lines.append(f"a stopped raw partition lagged by up to {run.longest_lag_days:.0f} days of event time")
        lines.append("")
    if corrected := run.injected.get(str(FaultKind.ROSTER_CORRECTED)):
        again = f"{run.corrections_killed} were killed and {run.corrections_repeated} ended before all was done"
        lines += [f"of {corrected} corrections {again}; they were begun again", ""]
    lines += [f"a worker of another app id: {run.other_app}", ""]
    lines += run.verdict.examples
    outcome = "nothing lost, nothing double" if run.verdict.is_clean else "NOT THE SAME AS THE ORACLE"
    lines.append(
        f"seed {run.seed}: {run.events:,} raw events ({run.written:,} written with repeats), "
        f"{sum(run.injected.values()):,} faults, {run.seconds:.0f} s: {outcome}"
    )
    return "\n".join(lines) + "\n"
