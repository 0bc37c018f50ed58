"""The queue before the connections."""

import asyncio

import pytest

from sidecar.core.errors import StoreUnavailable, Unserved
from sidecar.core.model import Person
from sidecar.core.stores import APART
from sidecar.storage.turns import Turns
from tests.conformance.stores import ADA, TWIN


async def test_one_person_is_written_about_by_one_task_at_a_time() -> None:
    """Three tasks about one person show in order; others pass them by, and so does nobody."""
    queue, seen = Turns(10), list[str]()

    async def take(name: str, *people: Person) -> None:
        async with queue.of(people):
            seen.append(name)
            await asyncio.sleep(0)
            seen.append(name)

    async with asyncio.TaskGroup() as tasks, queue.of((ADA,)):
        for name, people in (("one", (ADA,)), ("two", (TWIN, ADA)), ("three", (ADA, TWIN))):
            tasks.create_task(take(name, *people))
        for _ in range(9):
            await asyncio.sleep(0)
        await take("other", Person("app", "bob"))
        await take("nobody", APART)
        await take("all")
    assert seen == [
        name for name in ("other", "nobody", "all", "one", "two", "three") for _ in range(2)
    ]


async def test_a_turn_that_does_not_come_is_an_outage() -> None:
    """A task that never ends its turn shows others refused in time, and later ones served."""
    queue = Turns(0.01)
    async with queue.of((ADA,)):
        with pytest.raises(StoreUnavailable) as refused:
            async with queue.of((TWIN, ADA)):
                pass
    assert (refused.value.why, refused.value.retry_after_s) == (Unserved.CROWDED, 2)
    async with queue.of((ADA, TWIN)):
        pass


async def test_nothing_is_kept_of_people_who_are_done() -> None:
    """A thousand people, one of whom is refused, show no queue left behind."""
    queue = Turns(10)
    for number in range(1000):
        async with queue.of((Person("app", str(number)),)):
            assert len(queue._locks) == 1
    assert len(queue._locks) == 0
