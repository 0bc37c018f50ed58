"""One call of the client: what is sent with it, and what comes of each answer."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field

import pytest

from sidecar.api import about, config
from sidecar.api.words import ApiModel
from sidecar.client.calls import Calls, pages
from sidecar.client.desk import Ask, Reply
from sidecar.client.operations import Operations
from sidecar.client.problems import NotOurs, ProblemError
from tests.unit.client.test_problems import told

HEALTH = {"status": "ready", "parts": {"store": "ok"}}


@dataclass
class Answering:
    """A desk that answers everything alike, and remembers what was asked."""

    status: int
    body: object
    asked: list[Ask] = field(default_factory=list)

    async def reply(self, ask: Ask) -> Reply:
        self.asked.append(ask)
        return Reply(self.status, {}, json.dumps(self.body).encode())


async def test_an_answer_is_its_model() -> None:
    """An answer, and one with fields that nobody here knows, show the model's fields."""
    for more in ({}, {"since": "yesterday"}):
        health = await Operations(Answering(200, {**HEALTH, **more})).health()
        assert health == about.Health(status="ready", parts={"store": "ok"})


async def test_a_status_that_the_endpoint_answers_is_no_problem() -> None:
    """A sidecar that is not ready shows its parts, though the status is one of failures."""
    health = await Operations(Answering(503, {**HEALTH, "status": "not-ready"})).health()
    assert health.status == "not-ready"


async def test_an_answer_that_does_not_fit_is_told_without_it() -> None:
    """An answer of another shape shows which operation it was of, and not what it said."""
    with pytest.raises(NotOurs, match="health: the answer does not fit") as odd:
        await Operations(Answering(200, {"status": "s3cret"})).health()
    assert "s3cret" not in f"{odd.value}{odd.value.__cause__}"
    ask = Ask(about.HEALTH)
    with pytest.raises(NotOurs, match="health does not answer 200 with Config"):
        await Calls(Answering(200, HEALTH)).call(ask, config.Config)
    with pytest.raises(NotOurs, match="metrics does not answer 200 with Health"):
        await Calls(Answering(200, HEALTH)).call(Ask(about.METRICS), about.Health)


async def test_a_problem_is_raised() -> None:
    """A refusal shows as an error that carries it."""

    class Refusing:
        async def reply(self, _ask: Ask) -> Reply:
            return told(404, "not-found", detail="nothing is known of this person")

    with pytest.raises(ProblemError, match="not-found: nothing is known") as refused:
        await Operations(Refusing()).read_config("alice")
    assert refused.value.status == 404


async def test_each_post_has_a_key_of_its_own() -> None:
    """Calls of one kind show a new key each, and the same one where the caller chose it."""
    desk = Answering(200, {"user_id": "a", "enabled": True})
    sidecar = Operations(desk)
    await sidecar.enable("a")
    await sidecar.enable("a")
    await sidecar.once("order-17").enable("a")
    await sidecar.once("order-17").enable("a")
    first, second, third, fourth = (ask.key for ask in desk.asked)
    assert first != second
    assert min(len(first), len(second)) >= 24
    assert (third, fourth) == ("order-17", "order-17")


async def test_reading_needs_no_key() -> None:
    """A `GET` shows no key."""
    desk = Answering(200, HEALTH)
    await Operations(desk).health()
    assert desk.asked[0].key == ""


class Listed(ApiModel):
    """A page as lists have it."""

    items: tuple[int, ...]
    next: str | None = None


async def test_pages_follow_one_another() -> None:
    """A list of three pages shows all of them, each asked for once, with the same question."""
    book: Mapping[str | None, Listed] = {
        None: Listed(items=(1, 2), next="c1"),
        "c1": Listed(items=(), next="c2"),
        "c2": Listed(items=(3,)),
    }
    asked: list[tuple[str, str | None]] = []

    async def page(user: str, *, cursor: str | None = None) -> Listed:
        asked.append((user, cursor))
        return book[cursor]

    found = [item async for one in pages(page, "alice") for item in one.items]
    assert found == [1, 2, 3]
    assert asked == [("alice", None), ("alice", "c1"), ("alice", "c2")]
    assert [one async for one in pages(page, "alice", cursor="c2")] == [book["c2"]]
