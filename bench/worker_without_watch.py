"""A worker without WATCH, which does the peers' job in the race; its settings come from the environment."""

import sys

from streams.cli.logs import log_as_worker
from streams.rules_loading import bundled_rules
from streams.settings import load_settings
from streams.worker.process import run_worker

__all__: list[str] = []


def _main() -> int:
    settings = load_settings()
    log_as_worker(settings)
    return run_worker(settings, bundled_rules(), with_watch=False)


if __name__ == "__main__":
    sys.exit(_main())
