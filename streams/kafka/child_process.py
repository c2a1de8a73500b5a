"""Child processes that cannot outlive this one: when it ends, even by `kill -9`, Linux kills them at once.

The file is also the child's first program: it ties itself to its parent, then becomes the command.
"""

import ctypes
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import IO, Final, TypeAlias

__all__ = ["ChildProcess", "start_child", "stop_child"]

ChildProcess: TypeAlias = subprocess.Popen[bytes]

_PR_SET_PDEATHSIG: Final = 1  # linux/prctl.h
_CANNOT_EXECUTE: Final = 126  # as shells report it


def start_child(
    command: Sequence[str | Path],
    *,
    output: int | IO[bytes] = subprocess.DEVNULL,
    env: Mapping[str, str] | None = None,
    cwd: Path | None = None,
) -> ChildProcess:
    """Starts `command` in a session of its own, so that Ctrl-C reaches only this process, which then stops it in order.

    `output` takes both its standard output and its standard error; its input is empty. The process id is the command's
    own. Raises `RuntimeError` outside the main thread: Linux ties the child process to the starting thread, and the end
    of a helper thread would kill the command. Elsewhere than on Linux there is no child process: `stop_child` is all
    there is.
    """
    if threading.current_thread() is not threading.main_thread():
        raise RuntimeError(
            "start_child was called outside the main thread; the command would die with the calling thread"
        )
    return subprocess.Popen(
        [sys.executable, "-I", "-S", __file__, str(os.getpid()), *map(str, command)],
        stdin=subprocess.DEVNULL,
        stdout=output,
        stderr=subprocess.STDOUT,
        env=dict(env) if env is not None else None,
        cwd=cwd,
        start_new_session=True,
    )


def stop_child(process: ChildProcess, *, timeout_seconds: float) -> int:
    """Asks the process to end (SIGTERM), kills it after `timeout_seconds`; its exit code, or minus the signal."""
    if process.poll() is None:
        process.terminate()
        try:
            process.wait(timeout_seconds)
        except subprocess.TimeoutExpired:
            process.kill()
    return process.wait()


def _become(parent: int, command: list[str]) -> None:
    if sys.platform == "linux":
        if ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, int(signal.SIGKILL), 0, 0, 0) != 0:
            raise OSError("prctl(PR_SET_PDEATHSIG) failed")
        if os.getppid() != parent:  # it died before this process was tied to it
            sys.exit(_CANNOT_EXECUTE)
    try:
        os.execvp(command[0], command)  # noqa: S606 - becoming the command is what this file is for
    except OSError as error:
        sys.stderr.write(f"{command[0]}: {error.strerror}\n")
        sys.exit(_CANNOT_EXECUTE)


if __name__ == "__main__":
    _become(int(sys.argv[1]), sys.argv[2:])
