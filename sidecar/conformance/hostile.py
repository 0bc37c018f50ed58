"""Input that nobody asked for: each is an answer that is wrong, and never an exception."""

import json
from collections.abc import Awaitable, Iterator, Mapping
from itertools import islice
from typing import Final, TypeVar

from sidecar.conformance.case import Broken, Case
from sidecar.conformance.world import Step, a_world, answered
from sidecar.core.model import (
    Enrolled,
    LookupCodes,
    Material,
    Rejected,
    Response,
    SharedSecret,
    Verified,
)
from sidecar.core.protocols import REASONS

T = TypeVar("T")

HOSTILE: Final[Mapping[str, str]] = {
    "empty": "",
    "blank": "   ",
    "dashes": "----",
    "null": "null",
    "json": "{}",
    "array": "[]",
    "deep array": "[" * 100_000,
    "very long": "1" * 1_000_000,
    "very long separators": "- " * 500_000,
    "NUL": "12345\x00",
    "NUL before": "\x00123456",
    "sign": "-12345",
    "plus": "+12345",
    "fraction": "12345.",
    "exponent": "1e5000",
    "underscore": "12_3456",
    "hexadecimal": "0x1234",
    "Arabic-Indic digits": "١٢٣٤٥٦",
    "fullwidth digits": "１２３４５６",  # noqa: RUF001 - digits to `str.isdigit`, and no code
    "mathematical digits": "𝟏𝟐𝟑𝟒𝟓𝟔",  # noqa: RUF001 - the same
    "superscripts": "¹²³⁴⁵⁶",
    "right-to-left override": "\u202e123456",
    "lone surrogate": "\ud800" * 6,
    "SQL": "' OR '1'='1",
    "format": "%s%s%s%n",
    "lines": "123456\r\nSet-Cookie: a=b",
}
"""Values that no field takes."""

ODD: Final[tuple[object, ...]] = (None, True, -1, 1e308, "", "AA", [], [[]], {}, {"id": None})
"""What stands where a document has something else."""


async def malformed(case: Case) -> None:
    """Input of any form is rejected with a reason of ours: it raises, proves and spoils nothing."""
    world = await a_world(case)
    opened = await world.begin()
    right = world.answer(opened)
    for name, response in bad(right):
        outcome = await _told(world.finish(opened, response), name)
        if isinstance(outcome, Verified):
            raise Broken(f"verified: {name}")
        _reasonable(outcome, name)
    for name, response in odd(right):
        await _told(world.finish(opened, response), name)
    await world.sign_in()


async def malformed_enrollment(case: Case) -> None:
    """Input of any form to an enrollment is rejected with a reason of ours, and raises nothing."""

    async def hostile(step: Step) -> None:
        free = step.device.wrong(step.seen) is None
        for name, response in islice(bad(step.right), 2 if free else None):
            if isinstance(await rejected(step, name, response), Enrolled) and not free:
                raise Broken(f"enrolled: {name}")
        for name, response in () if free else odd(step.right):
            await rejected(step, name, response)

    async def rejected(step: Step, name: str, response: Response) -> object:
        answer = answered(case, step.context, step.started.state, response)
        outcome = await _told(answer, name)
        if isinstance(outcome, Rejected):
            _reasonable(outcome, name)
        return outcome

    await a_world(case, at=hostile)


async def stored_form(case: Case) -> None:
    """Nothing that whoever reads the database finds is an answer."""
    world = await a_world(case)
    opened = await world.begin()
    fields = tuple(world.answer(opened))
    for text in _stored(world.authenticator.material):
        outcome = await world.finish(opened, dict.fromkeys(fields, text))
        if isinstance(outcome, Verified):
            raise Broken("what is stored was verified as an answer")


def bad(right: Response) -> Iterator[tuple[str, Response]]:
    """Yield responses that prove nothing: without a right field among them."""
    yield "no field", {}
    yield "another field", {"other": "x"}
    for name, text in HOSTILE.items():
        yield f"{name} in every field", dict.fromkeys(right, text)


def odd(right: Response) -> Iterator[tuple[str, Response]]:
    """Yield responses with one fault each; what else they hold is right."""
    for field, value in right.items():
        yield f"without {field}", {name: text for name, text in right.items() if name != field}
        for name, text in HOSTILE.items():
            yield f"{name} in {field}", {**right, field: text}
        for place, text in documents(value):
            yield f"{place} in {field}", {**right, field: text}


def documents(text: str) -> Iterator[tuple[str, str]]:
    """Yield a JSON document with one place of it left out or of another kind, where it is one."""
    try:
        whole = json.loads(text)
    except ValueError:
        return
    if not isinstance(whole, dict):
        return
    for path in _paths(whole):
        yield f"no {'.'.join(path)}", json.dumps(_changed(whole, path))
        for value in ODD:
            yield f"{value!r} for {'.'.join(path)}", json.dumps(_changed(whole, path, value))


def _paths(part: dict[str, object]) -> Iterator[tuple[str, ...]]:
    for name, value in part.items():
        yield (name,)
        if isinstance(value, dict):
            yield from ((name, *rest) for rest in _paths(value))


def _changed(part: dict[str, object], path: tuple[str, ...], *value: object) -> dict[str, object]:
    """Return a copy with a place of another value, or without it."""
    name, *rest = path
    kept = {key: item for key, item in part.items() if key != name}
    inner = part[name]
    if rest and isinstance(inner, dict):
        return {**kept, name: _changed(inner, tuple(rest), *value)}
    return {**kept, name: value[0]} if value else kept


def _stored(material: Material | None) -> list[str]:
    match material:
        case LookupCodes(codes=codes):
            return [text for code in codes for text in (code.hash, code.selector + code.hash)]
        case SharedSecret(secret=secret, state=state):
            kept = [str(value) for value in state.values()]
            return [secret.hex(), secret.decode("latin-1"), *kept]
        case _:
            return []


def _reasonable(outcome: Rejected, name: str) -> None:
    if outcome.reason not in REASONS:
        raise Broken(f"rejected for {outcome.reason!r}, which is no reason of ours: {name}")
    if outcome.material is not None:
        raise Broken(f"changed the material: {name}")


async def _told(answer: Awaitable[T], name: str) -> T:
    """Return what the factor answers; what it raised is told with the input's name."""
    try:
        return await answer
    except Broken as broken:
        raise Broken(f"{broken}: {name}") from broken
