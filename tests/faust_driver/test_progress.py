"""What may be committed, whatever order things happen in."""

from collections.abc import Sequence

from hypothesis import given
from hypothesis import strategies as st

from streams.faust_driver.batches import Batch
from streams.faust_driver.progress import Progress


def test_nothing_is_committed_before_something_is_finished() -> None:
    """Also not after a rebalance."""
    progress = Progress()
    assert progress.take("posts", 0) is None
    progress.begin(1)
    assert progress.partitions() == []


def test_a_batch_of_an_earlier_generation_is_refused() -> None:
    """The partition may be somebody else's by now."""
    progress = Progress()
    progress.begin(1)
    assert progress.finish("posts", 0, 1, 10)
    progress.begin(2)
    assert not progress.finish("posts", 0, 1, 20)
    assert progress.take("posts", 0) is None
    assert progress.finish("posts", 0, 2, 15)
    assert progress.take("posts", 0) == 15


def test_a_revoked_partition_is_forgotten() -> None:
    """And only that."""
    progress = Progress()
    progress.begin(1)
    progress.finish("posts", 0, 1, 10)
    progress.finish("posts", 1, 1, 11)
    progress.forget([("posts", 0)])
    assert progress.partitions() == [("posts", 1)]


@given(st.lists(st.tuples(st.sampled_from(["begin", "finish", "forget"]), st.integers(0, 3), st.integers(1, 50))))
def test_an_offset_is_committed_only_if_it_was_finished_in_the_present_generation(
    steps: list[tuple[str, int, int]],
) -> None:
    """Against a plain list of what happened since the last rebalance."""
    progress = Progress()
    progress.begin(0)
    present, finished = 0, dict[int, list[int]]()
    for action, number, offset in steps:
        if action == "begin":
            present, finished = number, {}
            progress.begin(number)
        elif action == "forget":
            finished.pop(number, None)
            progress.forget([("posts", number)])
        else:
            accepted = progress.finish("posts", number, offset % 4, offset)
            assert accepted == (offset % 4 == present)
            if accepted:
                finished.setdefault(number, []).append(offset)
        for partition in range(4):
            expected = max(finished[partition]) if partition in finished else None
            assert progress.take("posts", partition) == expected


def test_a_batch_ends_behind_its_last_record() -> None:
    """Also where compaction or transactions left gaps."""

    class _Record:
        key: bytes | None = None
        value: bytes | None = None
        headers: Sequence[tuple[str, bytes]] = ()
        timestamp = 0

        def __init__(self, offset: int) -> None:
            self.offset = offset

    assert Batch("posts", 0, 1, [_Record(3), _Record(9)]).next_offset == 10


@given(st.lists(st.tuples(st.sampled_from(["give", "finish"]), st.integers(1, 20), st.integers(1, 20)), max_size=12))
def test_what_an_agent_was_given_and_has_not_finished_is_known(steps: list[tuple[str, int, int]]) -> None:
    """From the first batch of the generation on; with everything finished there is nothing to tell."""
    progress = Progress()
    progress.begin(1)
    begin: int | None = None
    given_up_to = finished_up_to = 0
    for action, first, size in steps:
        if action == "give":
            begin = first if begin is None else begin
            given_up_to = max(given_up_to, first + size)
            progress.give("posts", 0, 1, first, first + size)
            progress.give("posts", 0, 0, 90, 100)  # of an earlier generation: it is somebody else's
        else:
            finished_up_to = max(finished_up_to, first)
            progress.finish("posts", 0, 1, first)
        done = max(begin or 0, finished_up_to)
        assert progress.unfinished("posts", 0) == (done if given_up_to > done else None)
    progress.begin(2)
    assert progress.unfinished("posts", 0) is None
