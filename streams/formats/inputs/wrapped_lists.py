"""What each element of a list is wrapped in, where the object that holds the list is too long to be held whole.

An element then stands alone in its list, and beside it those short members of the objects around it that came before:
of `{"name": "A", "messages": [{"id": 1}, …` the first record is `{"name":"A","messages":[{"id": 1}]}`.
"""

import re
from typing import Final, TypeAlias

from msgspec import Struct

__all__ = ["MAX_OPEN", "NEXT_BRACKET", "STRING", "OpenList", "OpenObject", "Surrounded", "ends_in_a_list"]

MAX_OPEN: Final = 8  # lists and objects within one another; a full export of Telegram has four
_MAX_MEMBER_BYTES: Final = 256
_MAX_MEMBERS_BYTES: Final = 1_024  # a name, an id, a kind; they are repeated around every element
# The list takes at least this share of what has been read of the object: it is what makes the object long.
_LEAST_SHARE: Final = 64

STRING: Final = rb'"[^"\\]*+(?:\\.[^"\\]*+)*+"'
NEXT_BRACKET: Final = re.compile(rb'(?:[^"\[\]{}]++|' + STRING + rb")*+[\[\]{}]", re.DOTALL)
_OPENING: Final = b"[{"
_LIST_OF_OBJECTS: Final = re.compile(rb"\[\s*+\{")

Surrounded: TypeAlias = tuple[bytes, bytes]
"""What stands before and after."""


class OpenList(Struct, frozen=True):
    """A list whose elements are read one by one."""

    around: Surrounded = (b"", b"")


class OpenObject(Struct):
    """An object whose members are read one by one; `members` are those that are kept, each followed by a comma."""

    before: bytes
    after: bytes
    members: bytes = b""
    key: bytes = b""

    @property
    def around(self) -> Surrounded:
        """What a value of the current key is wrapped in."""
        return self.before + b"{" + self.members + self.key, b"}" + self.after

    def keep(self, scalar: bytes) -> None:
        """Keep the value of the current key, if it is short."""
        member = self.key + scalar + b","
        if len(member) <= _MAX_MEMBER_BYTES and len(self.members) + len(member) <= _MAX_MEMBERS_BYTES:
            self.members += member

    def open_list(self) -> OpenList:
        before, after = self.around
        return OpenList((before + b"[", b"]" + after))


def ends_in_a_list(beginning: bytes) -> bool:
    """Whether the beginning of a long object ends within a list of objects that takes a good part of it."""
    opened: list[int] = []  # where the outermost of the brackets stand that are open
    depth = at = 0
    while (found := NEXT_BRACKET.match(beginning, at)) is not None:
        at = found.end()
        if beginning[at - 1] in _OPENING:
            if depth == len(opened) < MAX_OPEN:
                opened.append(at - 1)
            depth += 1
        else:
            depth -= 1
            del opened[depth:]
    for start in opened:
        if beginning[start : start + 1] == b"[":
            is_long = (len(beginning) - start) * _LEAST_SHARE >= len(beginning)
            return is_long and _LIST_OF_OBJECTS.match(beginning, start) is not None
    return False
