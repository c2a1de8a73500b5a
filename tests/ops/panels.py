"""What a single figure of a dashboard shows for a value, in words and colour, as Grafana documents it."""

from typing import Any

__all__ = ["shown"]


def shown(panel: dict[str, Any], value: float) -> tuple[str, str]:
    """The text of the first mapping that fits and its colour; else the number, and the colour of the highest threshold
    that it reaches.
    """
    defaults = panel["fieldConfig"]["defaults"]
    for mapping in defaults["mappings"]:
        options = mapping["options"]
        result = None
        if mapping["type"] == "value":
            result = options.get(f"{value:g}")
        elif mapping["type"] == "range" and value >= options["from"]:
            assert options["to"] is None
            result = options["result"]
        if result is not None:
            return result["text"], result["color"]
    steps = defaults["thresholds"]["steps"]
    return f"{value:g}", [step["color"] for step in steps if step["value"] is None or value >= step["value"]][-1]
