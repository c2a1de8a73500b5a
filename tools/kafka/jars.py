"""Where the real Apache Kafka comes from: its published jars, fetched once by Maven into `.cache/kafka/VERSION/`.

Finds Java and Maven and says what is missing. Starts no broker. `python -m tools.kafka.prepare` fetches ahead of time.
"""

import hashlib
import os
import re
import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import Final

from msgspec import Struct

__all__ = ["KafkaInstall", "Unavailable", "kafka_install"]

_POM: Final = Path(__file__).with_name("pom.xml")
_CACHE: Final = Path(__file__).parents[2] / ".cache" / "kafka"
_OLDEST_JAVA: Final = 17  # Kafka 4 brokers; its clients still run on 11
_FETCH_TIMEOUT_SECONDS: Final = 600.0


class Unavailable(Exception):  # noqa: N818 - a state of the machine, not a fault of the program
    """A part of the test rig cannot be had on this machine; the text says which and what would help."""


class KafkaInstall(Struct, frozen=True, kw_only=True):
    """What it takes to run Kafka: the `java` program and the jars. `version` is Kafka's. `archive` is where this Java's
    archive of Kafka's classes is, if there is one: with it Kafka starts in half the processor time.
    """

    version: str
    java: Path
    jars: Path
    archive: Path | None = None

    @property
    def classpath(self) -> str:
        """As `java -cp` wants it; Java itself expands the star."""
        return str(self.jars / "*")


def kafka_install() -> KafkaInstall:
    """Java and Kafka's jars, fetched if this is the first time. Raises `Unavailable`, which says what is missing."""
    java, java_says = _java()
    pom = _POM.read_bytes()
    found = re.search(rb"<kafka\.version>([0-9.]+)</kafka\.version>", pom)
    assert found is not None, f"{_POM} names no kafka.version"
    version = found[1].decode()
    jars = _CACHE / f"{version}-{hashlib.sha256(pom).hexdigest()[:12]}"
    if not jars.is_dir():
        _fetch(jars)
    archive = _CACHE / f"{jars.name}-{hashlib.sha256(java_says.encode()).hexdigest()[:12]}.jsa"
    return KafkaInstall(version=version, java=java, jars=jars, archive=archive)


def _java() -> tuple[Path, str]:
    """The program, and what it says of its version."""
    home = os.environ.get("JAVA_HOME")
    java = (shutil.which("java", path=f"{home}/bin") if home else None) or shutil.which("java")
    remedy = f"install Java {_OLDEST_JAVA} or newer (Debian: openjdk-17-jre-headless)"
    if java is None:
        raise Unavailable(f"there is no Java here: {remedy}")
    said = subprocess.run([java, "-version"], capture_output=True, text=True, check=False).stderr
    version = re.search(r'version "(\d+)', said)
    if version is None or int(version[1]) < _OLDEST_JAVA:
        raise Unavailable(f"{java} is not Java {_OLDEST_JAVA} or newer: {remedy}")
    return Path(java), said


def _fetch(jars: Path) -> None:
    """Copies the jars beside their final place and renames them into it: a cache is there whole or not at all."""
    maven = shutil.which("mvn")
    if maven is None:
        raise Unavailable("Kafka's jars are not in .cache/kafka and there is no Maven to fetch them: install maven")
    jars.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=jars.parent, prefix="fetching-") as scratch:
        fresh = Path(scratch) / "jars"
        goal = ["dependency:copy-dependencies", "-DincludeScope=runtime", f"-DoutputDirectory={fresh}"]
        try:
            done = subprocess.run(
                [maven, "-q", "-B", "-f", str(_POM), *goal],
                stdin=subprocess.DEVNULL,
                capture_output=True,
                text=True,
                timeout=_FETCH_TIMEOUT_SECONDS,
                check=False,
            )
        except subprocess.TimeoutExpired:
            raise Unavailable(f"Maven did not fetch Kafka's jars within {_FETCH_TIMEOUT_SECONDS:.0f} s") from None
        if done.returncode != 0:
            errors = [line for line in done.stdout.splitlines() if line.startswith("[ERROR]")]
            raise Unavailable(f"Maven could not fetch Kafka's jars: {errors[0] if errors else done.stderr[-500:]}")
        try:
            fresh.rename(jars)
        except OSError:
            if not jars.is_dir():  # if it is, another run was quicker
                raise
