"""By which name a record calls a file of events: by its own, without the folders of whoever reads it."""

import os
from collections import Counter
from collections.abc import Sequence

__all__ = ["FileNames"]


class FileNames:
    """Names for the files of some paths. Paths that end alike are told apart by as many folders as that takes."""

    def __init__(self, paths: Sequence[str]) -> None:
        parts = {path: os.path.abspath(path).split(os.sep) for path in paths if path != "-"}
        self._names = dict.fromkeys(paths, "-")
        taken = 1
        waiting = set(parts)
        while waiting:
            names = {path: "/".join(parts[path][-taken:]) for path in waiting}
            often = Counter(names.values())
            longest = max(map(len, parts.values()))
            for path, name in names.items():
                if often[name] == 1 or taken >= longest:
                    self._names[path] = name
                    waiting.discard(path)
            taken += 1

    def of(self, path: str) -> str:
        """The name of a file that one of the paths is, or is the folder or archive of."""
        if path in self._names:
            return self._names[path]
        within = [each for each in self._names if path.startswith(each)]
        longest = max(within, key=len, default="")
        return self._names[longest] + path[len(longest) :] if within else os.path.basename(path)
