"""Whether an implementation's Python package is installed. They come with `make bench`, not with the project."""

from importlib.util import find_spec

from tools.kafka.jars import Unavailable

__all__ = ["require_package"]


def require_package(module: str) -> None:
    """Raises `Unavailable` where the module cannot be imported, without importing it."""
    if find_spec(module) is None:
        raise Unavailable(f"the Python package of {module} is not installed; `make bench` installs it")
