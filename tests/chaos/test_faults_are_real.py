"""Each fault that we make ourselves does what its name says: a chaos run whose faults are none proves nothing."""

import asyncio
import contextlib
import resource
import subprocess
import sys
import time
from pathlib import Path

import pytest

from streams.kafka.loopback import LOOPBACK, free_port
from tests.chaos.proxy import Cable, Cut

_CLOCKWORK = Path(__file__).parent / "clock"


class _Far:
    """A server that keeps what it hears and says what it is told to."""

    def __init__(self) -> None:
        self.received = b""
        self.writers: list[asyncio.StreamWriter] = []

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.writers.append(writer)
        try:
            while data := await reader.read(100):
                self.received += data
        except ConnectionError:
            pass


async def _eventually(seconds: float, done: object) -> bool:
    assert callable(done)
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        if done():
            return True
        await asyncio.sleep(0.01)
    return bool(done())


@pytest.mark.parametrize(
    ("how", "upwards", "downwards"),
    [(Cut.STALLED, False, False), (Cut.DEAF, True, False), (Cut.MUTE, False, True)],
    ids=lambda value: value.name if isinstance(value, Cut) else "",
)
def test_a_silent_cable_holds_back_its_directions_and_lets_go_when_mended(
    how: Cut, upwards: bool, downwards: bool
) -> None:
    """What was held back arrives afterwards, in order and once, as over a network that comes back."""

    async def run() -> None:
        far = _Far()
        server = await asyncio.start_server(far.serve, LOOPBACK, 0)
        cable = Cable(free_port(), server.sockets[0].getsockname()[1])
        await cable.start()
        reader, writer = await asyncio.open_connection(LOOPBACK, cable.port)
        near = b""

        async def listen() -> None:
            nonlocal near
            while data := await reader.read(100):
                near += data

        listening = asyncio.create_task(listen())
        writer.write(b"a")
        assert await _eventually(5, lambda: far.received == b"a")
        await cable.cut(how)
        writer.write(b"b")
        far.writers[0].write(b"x")
        if upwards:
            assert await _eventually(5, lambda: far.received == b"ab")
        if downwards:
            assert await _eventually(5, lambda: near == b"x")
        await asyncio.sleep(0.2)
        assert far.received == (b"ab" if upwards else b"a")
        assert near == (b"x" if downwards else b"")
        await cable.mend(forget=False)
        assert await _eventually(5, lambda: (far.received, near) == (b"ab", b"x"))
        await cable.cut(how)
        await cable.mend(forget=True)
        await asyncio.wait([listening], timeout=5)
        assert listening.done()  # dropped
        listening.exception()
        await cable.stop()
        server.close()

    asyncio.run(run())


def test_a_cut_cable_drops_connections_and_refuses_new_ones() -> None:
    async def run() -> None:
        far = _Far()
        server = await asyncio.start_server(far.serve, LOOPBACK, 0)
        cable = Cable(free_port(), server.sockets[0].getsockname()[1])
        await cable.start()
        first, _ = await asyncio.open_connection(LOOPBACK, cable.port)
        assert await _eventually(5, lambda: len(far.writers) == 1)
        await cable.cut(Cut.REFUSED)
        second, _ = await asyncio.open_connection(LOOPBACK, cable.port)
        for reader in (first, second):
            with contextlib.suppress(ConnectionResetError):
                assert await asyncio.wait_for(reader.read(), 5) == b""
        assert len(far.writers) == 1
        await cable.mend(forget=False)
        await asyncio.open_connection(LOOPBACK, cable.port)
        assert await _eventually(5, lambda: len(far.writers) == 2)
        await cable.stop()
        server.close()

    asyncio.run(run())


def test_the_clock_of_a_process_jumps_and_comes_back_while_it_runs(tmp_path: Path) -> None:
    """By as much as the file says; the monotonic clock goes on as ever."""
    clock = tmp_path / "clock"
    program = (
        "import sys, time\n"
        "for _ in sys.stdin:\n"
        "    time.sleep(0.1)\n"
        "    print(time.time(), time.time_ns() / 1e9, time.monotonic(), flush=True)\n"
    )
    environment = {"PYTHONPATH": str(_CLOCKWORK), "CHAOS_CLOCK_FILE": str(clock)}
    with subprocess.Popen(
        [sys.executable, "-c", program], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        for shift in (0, -86_400, 3_600, 0):
            clock.write_text(str(shift), encoding="ascii")
            process.stdin.write("\n")
            process.stdin.flush()
            seconds, nanoseconds, monotonic = map(float, process.stdout.readline().split())
            assert abs(seconds - time.time() - shift) < 5
            assert abs(nanoseconds - time.time() - shift) < 5
            assert abs(monotonic - time.monotonic()) < 5
        process.stdin.close()


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux can limit another process")
def test_a_process_whose_disk_is_full_can_write_no_file_and_lives(tmp_path: Path) -> None:
    program = (
        "import sys\n"
        "for path in sys.stdin:\n"
        "    try:\n"
        "        with open(path.strip(), 'wb') as file:\n"
        "            file.write(b'x' * 10)\n"
        "        print('written', flush=True)\n"
        "    except OSError as error:\n"
        "        print(error.strerror, flush=True)\n"
    )
    with subprocess.Popen(
        [sys.executable, "-c", program], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        before = resource.prlimit(process.pid, resource.RLIMIT_FSIZE)
        printed = []
        for limit in (before, (0, before[1]), before):
            resource.prlimit(process.pid, resource.RLIMIT_FSIZE, limit)
            process.stdin.write(f"{tmp_path / 'file'}\n")
            process.stdin.flush()
            printed.append(process.stdout.readline().strip())
        process.stdin.close()
        assert printed == ["written", "File too large", "written"]
