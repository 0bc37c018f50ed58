"""What a factor tells: nothing that its person knows, wherever anybody could read it."""

import contextlib
import io
import logging
import traceback
import warnings
from collections.abc import Iterator

from sidecar.conformance.case import Broken, Case
from sidecar.conformance.world import World, a_world

SHORTEST = 4
"""Characters from which on finding a secret somewhere is no accident."""


async def silent(case: Case) -> None:
    """Neither a log line nor a repr, a warning or the output holds what the person knows."""
    with _listening() as lines:
        world = await a_world(case)
        secrets = {*world.enrolled_with.values(), *await _used(world)}
    told = {"a repr": world.seen, "a log line, a warning or the output": lines}
    for secret in filter(_telling, {*secrets, *world.device.secrets()}):
        for where, texts in told.items():
            if any(secret in text for text in texts):
                raise Broken(f"a secret of {len(secret)} characters stands in {where}")


async def _used(world: World) -> set[str]:
    """Return what was answered, wrong and right."""
    opened = await world.begin()
    wrong = world.device.wrong(world.sees(opened)) or {}
    await world.finish(opened, wrong)
    response = world.answer(opened)
    for _ in "right", "again":
        outcome = await world.finish(opened, response)
        world.store(outcome)
    return {*wrong.values(), *response.values()}


def _telling(secret: str) -> bool:
    return len(secret) >= SHORTEST


@contextlib.contextmanager
def _listening() -> Iterator[list[str]]:
    """What is logged, warned of or printed meanwhile stands in the list afterwards."""
    lines: list[str] = []
    printed, before, root = io.StringIO(), logging.getLogRecordFactory(), logging.getLogger()

    def made(*args: object, **kwargs: object) -> logging.LogRecord:
        record = before(*args, **kwargs)
        lines.extend(_texts(record))
        return record

    # The factory hears every logger, also one that hands nothing on to the root.
    logging.setLogRecordFactory(made)
    level = root.level
    root.setLevel(1)
    try:
        with (
            warnings.catch_warnings(record=True) as warned,
            contextlib.redirect_stdout(printed),
            contextlib.redirect_stderr(printed),
        ):
            warnings.simplefilter("always")
            yield lines
    finally:
        root.setLevel(level)
        logging.setLogRecordFactory(before)
        lines += [str(item.message) for item in warned]
        lines.append(printed.getvalue())


def _texts(record: logging.LogRecord) -> Iterator[str]:
    yield record.getMessage()
    yield repr(record.args)
    if record.exc_info:
        yield "".join(traceback.format_exception(*record.exc_info))
