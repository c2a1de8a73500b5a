"""Where the Java program comes from: built once by Maven, for the broker's version, into `.cache/kafka-streams/`.

Finds the Java compiler and Maven and says what is missing. Starts nothing.
"""

import hashlib
import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from tools.kafka.jars import KafkaInstall, Unavailable, kafka_install

__all__ = ["MAIN_CLASS", "built_program"]

MAIN_CLASS: Final = "antiphon.bench.Main"
_HERE: Final = Path(__file__).parent
_CACHE: Final = Path(__file__).parents[3] / ".cache" / "kafka-streams"
_GOALS: Final = ("compiler:compile", "jar:jar", "dependency:copy-dependencies")
_BUILD_TIMEOUT_SECONDS: Final = 600.0  # 6 s; with an empty Maven repository it fetches 90 MB
_REMEDY: Final = "install a JDK, 17 or newer, and Maven (Debian: default-jdk-headless, maven)"


def built_program() -> KafkaInstall:
    """Java, and jars with the program in them, built if there are none of these sources yet.

    Raises `Unavailable`, which says what is missing.
    """
    kafka = kafka_install()
    jars = _CACHE / f"{kafka.version}-{_digest_of_sources()}"
    if not jars.is_dir():
        _build(jars, kafka.version)
    return KafkaInstall(version=kafka.version, java=kafka.java, jars=jars)


def _digest_of_sources() -> str:
    digest = hashlib.sha256()
    for path in _sources():
        digest.update(path.name.encode() + b"\0" + path.read_bytes() + b"\0")
    return digest.hexdigest()[:12]


def _sources() -> Iterator[Path]:
    yield _HERE / "pom.xml"
    yield from sorted((_HERE / "src").rglob("*.java"))


def _build(jars: Path, version: str) -> None:
    """Builds beside the final place and renames into it: a cache is there whole or not at all."""
    maven = _required("mvn", "there is no Maven")
    home = os.environ.get("JAVA_HOME")
    if not (home and shutil.which("javac", path=f"{home}/bin")):
        _required("javac", "there is a Java here and no Java compiler")
    jars.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=jars.parent, prefix="building-") as scratch:
        defined = [f"-Dkafka.version={version}", f"-Dmade.directory={scratch}"]
        try:
            done = subprocess.run(
                [maven, "-q", "-B", "-f", str(_HERE / "pom.xml"), *defined, *_GOALS],
                stdin=subprocess.DEVNULL,
                capture_output=True,
                text=True,
                timeout=_BUILD_TIMEOUT_SECONDS,
                check=False,
            )
        except subprocess.TimeoutExpired:
            raise Unavailable(f"Maven did not build the program within {_BUILD_TIMEOUT_SECONDS:.0f} s") from None
        if done.returncode != 0:
            raise Unavailable(f"Maven could not build the program: {_first_error(done.stdout) or done.stderr[-500:]}")
        try:
            (Path(scratch) / "jars").rename(jars)
        except OSError:
            if not jars.is_dir():  # if it is, another run was quicker
                raise


def _required(program: str, complaint: str) -> str:
    found = shutil.which(program)
    if found is None:
        raise Unavailable(f"{complaint} to build the race's Kafka Streams program with: {_REMEDY}")
    return found


def _first_error(output: str) -> str | None:
    found = re.search(r"^\[ERROR\] (.+)$", output, re.MULTILINE)
    return found[1] if found else None
