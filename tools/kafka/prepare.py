"""What the tests' Kafka needs, made ahead of time: the jars, and the archive of its classes.

`python -m tools.kafka.prepare` never fails a build by itself: the tests decide what a missing part means.
"""

import sys
import tempfile
from pathlib import Path

from tools.kafka.jars import KafkaInstall, Unavailable, kafka_install
from tools.kafka.node import FAST_START, Kafka, KafkaFailed

__all__ = ["main"]


def main() -> int:
    """Fetches the jars and writes the archive, where they are not there yet."""
    try:
        install = kafka_install()
        if install.archive is not None and not install.archive.exists():
            _archive_classes(install, install.archive)
    except (Unavailable, KafkaFailed) as reason:
        sys.stderr.write(f"No real Kafka for the tests: {reason}\n")
    else:
        sys.stderr.write(f"Apache Kafka {install.version} is ready for the tests.\n")
    return 0


def _archive_classes(install: KafkaInstall, archive: Path) -> None:
    """Has a broker that ends in order write down the classes it used (the JVM's class-data sharing)."""
    with tempfile.TemporaryDirectory(dir=archive.parent, prefix="archiving-") as scratch:
        fresh = Path(scratch) / "classes.jsa"
        with Kafka(install=install, jvm=(*FAST_START, f"-XX:ArchiveClassesAtExit={fresh}")):
            pass
        if fresh.exists():  # a JVM that cannot says so in its log, and Kafka starts as it always did
            fresh.rename(archive)


if __name__ == "__main__":
    sys.exit(main())
