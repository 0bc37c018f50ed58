"""Five processes that migrate one store at the same time; started by the tests."""

import asyncio
import json
import logging
import sys
from multiprocessing import get_context
from multiprocessing.queues import SimpleQueue
from multiprocessing.synchronize import Barrier

from sidecar.storage.setup import migrate_up
from sidecar.storage.sql import open_store
from tests.conformance.stores import RING, Travel

MANY = 5


class Steps(logging.Handler):
    """Counts the revisions that this process applied."""

    number = 0

    def emit(self, record: logging.LogRecord) -> None:
        self.number += "Running upgrade" in record.getMessage()


async def migrate(url: str) -> tuple[bool, int, str]:
    """Return whether all is well, how many revisions were applied, and which store it is."""
    steps, told = Steps(), logging.getLogger("alembic.runtime.migration")
    told.addHandler(steps)
    told.setLevel(logging.INFO)
    found = await migrate_up(url, RING, Travel(), create=True)
    store = await open_store(url, RING, Travel())
    instance = store._vault.instance
    await store.close()
    return found.current, steps.number, instance


def one(url: str, all_ready: Barrier, said: "SimpleQueue[tuple[bool, int, str]]") -> None:
    all_ready.wait()
    said.put(asyncio.run(migrate(url)))


def main(url: str) -> None:
    """Print what each said; processes are forked, since importing everything five times is slow."""
    fork = get_context("fork")
    said, all_ready = fork.SimpleQueue(), fork.Barrier(MANY)
    processes = [fork.Process(target=one, args=(url, all_ready, said)) for _ in range(MANY)]
    for process in processes:
        process.start()
    for process in processes:
        process.join()
    assert [process.exitcode for process in processes] == [0] * MANY
    print(json.dumps([said.get() for _ in processes]))


if __name__ == "__main__":
    main(*sys.argv[1:])
