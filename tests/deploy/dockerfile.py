"""The Dockerfile as instructions, for tests: as much of the format as ours uses, and an error for the rest."""

import json
import re
from pathlib import Path
from typing import Final

from msgspec import Struct

__all__ = ["DOCKERFILE", "Instruction", "stages"]

DOCKERFILE: Final = Path(__file__).parents[2] / "Dockerfile"

_ARGUMENT: Final = re.compile(r"\$\{(\w+)\}")


class Instruction(Struct, frozen=True):
    """One instruction: its name in capitals, and what follows it on one line."""

    name: str
    rest: str

    @property
    def words(self) -> list[str]:
        """The words of an instruction in its JSON form, behind options such as `--interval=10s` and `CMD`."""
        found = re.search(r"\[.*\]$", self.rest)
        if found is None:
            raise ValueError(f"{self.name} {self.rest}: not in the JSON form")
        words = json.loads(found[0])
        assert isinstance(words, list)
        return [str(word) for word in words]

    @property
    def pairs(self) -> dict[str, str]:
        """The `NAME=VALUE` pairs of an ENV or LABEL."""
        return {name: value.strip('"') for name, value in re.findall(r'([\w.]+)=("[^"]*"|\S+)', self.rest)}


def stages(text: str) -> list[list[Instruction]]:
    """The instructions of each stage, its FROM first, with the ARGs before the first FROM filled in."""
    joined = re.sub(r"\\\n\s*", "", re.sub(r"^\s*#.*\n", "", text, flags=re.MULTILINE))
    arguments: dict[str, str] = {}
    found: list[list[Instruction]] = []
    for line in filter(None, map(str.strip, joined.splitlines())):
        name, _, rest = line.partition(" ")
        if name == "ARG":
            assert not found, "an ARG of a stage"
            argument, _, default = rest.partition("=")
            arguments[argument] = default
        elif name == "FROM":
            found.append([Instruction(name, _ARGUMENT.sub(lambda match: arguments[match[1]], rest))])
        else:
            assert name.isupper(), line
            found[-1].append(Instruction(name, rest))
    return found
