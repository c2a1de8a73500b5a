"""What several tasks failed of at once is told one by one."""

import asyncio

import pytest

from streams.errors import AntiphonError, causes_of


def test_whatever_tasks_within_tasks_fail_of_is_reported_one_by_one() -> None:
    """A group of errors would be logged as a group, and the remedies in it lost."""
    errors = [AntiphonError(f"place {number}", remedy="make room") for number in range(3)]

    async def fail(error: AntiphonError) -> None:
        raise error

    async def fail_together() -> None:
        async with asyncio.TaskGroup() as outer:
            outer.create_task(fail(errors[0]))
            async with asyncio.TaskGroup() as inner:
                inner.create_task(fail(errors[1]))
                inner.create_task(fail(errors[2]))

    with pytest.raises(BaseExceptionGroup) as raised:
        asyncio.run(fail_together())
    assert sorted(str(cause) for cause in causes_of(raised.value)) == ["place 0", "place 1", "place 2"]
    assert list(causes_of(errors[0])) == [errors[0]]
