"""The judge of what people are told while things break: what it lets pass, and what it does not."""

import json

import pytest
from multidict import CIMultiDict, CIMultiDictProxy

from tests.faults.ledger import Came, Holds, Ledger
from tests.visitor import Page

PATH = "/secret/1"


def page(status: int, text: str = "", **fields: str) -> Page:
    named = {name.replace("_", "-"): value for name, value in fields.items()}
    return Page(status, PATH, CIMultiDictProxy(CIMultiDict(named)), text)


def problem(status: int, slug: str, **fields: str) -> Page:
    said = json.dumps({"type": f"/_sidecar/problems/{slug}"})
    return page(status, said, Content_Type="application/problem+json", **fields)


RIGHT = page(200, f"application: {PATH} for ada")
DOWN = problem(503, "store-unavailable", Retry_After="5")


@pytest.mark.parametrize(
    ("answer", "holds", "word"),
    [
        (RIGHT, Holds.PROOF, "right"),
        (RIGHT, Holds.UNSURE, "right"),
        (page(401), Holds.NOTHING, "asked"),
        (page(303), Holds.ENDED, "asked"),
        (page(401), Holds.UNSURE, "asked"),
        (DOWN, Holds.PROOF, "unavailable"),
        (problem(503, "limiter-unavailable", Retry_After="1"), Holds.NOTHING, "unavailable"),
        (problem(502, "upstream-unreachable"), Holds.PROOF, "unavailable"),
        (problem(429, "too-many-attempts", Retry_After="60"), Holds.PROOF, "unavailable"),
        (None, Holds.PROOF, "unavailable"),
    ],
)
def test_right_and_honest_answers_pass(answer: Page | None, holds: Holds, word: str) -> None:
    """What may be answered shows no fault."""
    ledger = Ledger()
    assert ledger.opened("ada", answer, holds) == word
    assert ledger.faults == []


@pytest.mark.parametrize(
    ("answer", "holds"),
    [
        (RIGHT, Holds.NOTHING),
        (page(200, f"application: {PATH} for grace"), Holds.PROOF),
        (page(200, "application: /secret/2 for ada"), Holds.PROOF),
        (page(401), Holds.PROOF),
        (page(403), Holds.PROOF),
        (page(404), Holds.PROOF),
        (page(500), Holds.PROOF),
        (problem(503, "store-unavailable"), Holds.PROOF),
        (problem(503, "internal-error", Retry_After="5"), Holds.PROOF),
        (problem(502, "store-unavailable"), Holds.PROOF),
    ],
)
def test_other_answers_are_faults(answer: Page, holds: Holds) -> None:
    """Everything else shows as one fault."""
    ledger = Ledger()
    ledger.opened("ada", answer, holds)
    assert len(ledger.faults) == 1


@pytest.mark.parametrize(("late_s", "faults"), [(-3.0, 0), (0.1, 1)])
def test_what_is_over_may_go_on_for_a_moment_only(late_s: float, faults: int) -> None:
    """A session that was ended shows as a fault where it opens anything after its time."""
    ledger = Ledger()
    ledger.opened("ada", RIGHT, Holds.ENDED, late_s=late_s)
    assert len(ledger.faults) == faults
    assert ledger.latest_s == pytest.approx(4 + late_s)


def test_a_code_is_taken_once() -> None:
    """The second answer that is taken shows as a fault; those that may have been are kept."""
    ledger = Ledger()
    assert ledger.answered("ada", "1234", page(303)) is Came.DONE
    assert ledger.answered("ada", "1234", page(422)) is Came.REFUSED
    assert ledger.answered("ada", "5678", DOWN) is Came.UNSURE
    assert ledger.answered("ada", "5678", None) is Came.UNSURE
    assert ledger.answered("grace", "1234", page(303)) is Came.DONE
    assert ledger.faults == []
    assert ledger.people["ada"].unsure == {"5678": 2}
    ledger.answered("ada", "1234", page(303))
    assert len(ledger.faults) == 1
