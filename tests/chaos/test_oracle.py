"""The judge of the chaos: what it lets pass, and what it does not."""

import hashlib
from pathlib import Path

import pytest

from tests.chaos.oracle import DYING_NS, Asked, Oracle
from tests.conformance.http.visitor import Answer

NOW = 10 * DYING_NS
ASKED = Asked("ada", "t1", "/sized", 40, "GET", opened_ns=NOW, sent_ns=NOW)
UNTIL_CLOSE = Asked("ada", "t1", "/until-close", 40, "GET", opened_ns=NOW, sent_ns=NOW)
OTHERS = Asked("grace", "t1", "/sized", 40, "GET", opened_ns=NOW, sent_ns=NOW)


def right(of: Asked = ASKED, body: bytes | None = None, **changed: str) -> Answer:
    told = of.body if body is None else body
    fields = {"Marker": of.user, "Subject": of.user, "Token": of.token, "Length": str(len(told))}
    fields |= {"Digest": hashlib.sha256(told).hexdigest(), **changed}
    lines = ("HTTP/1.1 200 OK", *(f"X-{name}: {value}" for name, value in fields.items()))
    return Answer("\r\n".join(lines).encode() + b"\r\n\r\n", told)


def problem(status: int, slug: str, *fields: str) -> Answer:
    lines = (f"HTTP/1.1 {status} X", "Content-Type: application/problem+json", *fields, "", "")
    body = f'{{"type": "/_sidecar/problems/{slug}"}}'.encode()
    return Answer("\r\n".join(lines).encode(), body)


def broken(answer: Answer) -> Answer:
    return Answer(answer.head, answer.body, whole=False)


LATER = "Retry-After: 5"


@pytest.mark.parametrize(
    ("answer", "word"),
    [
        (right(), "right"),
        (broken(right(body=ASKED.body[:7])), "broken"),
        (broken(problem(502, "upstream-unreachable")), "broken"),
        (problem(502, "upstream-unreachable"), "upstream-unreachable"),
        (problem(504, "upstream-timed-out"), "upstream-timed-out"),
        (problem(503, "identity-unavailable", LATER), "identity-unavailable"),
        (right(Unasked="poisons-1"), "crossed"),
    ],
)
def test_right_and_honest_answers_pass(answer: Answer, word: str) -> None:
    """What may be answered shows no fault."""
    oracle = Oracle()
    assert oracle.judge(ASKED, answer) == word
    assert oracle.faults == []


@pytest.mark.parametrize(
    "answer",
    [
        right(OTHERS),
        broken(right(OTHERS, b"")),
        right(Token="t2"),
        right(Subject="grace"),
        right(body=OTHERS.body),
        right(body=ASKED.body[:7]),
        right(Length="41"),
        right(Digest="0" * 64),
        problem(500, "internal-error"),
        problem(401, "step-up-required"),
        problem(403, "access-denied"),
        problem(503, "identity-unavailable"),
        problem(503, "upstream-unreachable", LATER),
        Answer(b"HTTP/1.1 303 See Other\r\nLocation: /login\r\n\r\n", b""),
        Answer(b"HTTP/1.1 408 Request Timeout\r\n\r\n", b""),
        Answer(b"", b"", whole=False),
    ],
)
def test_other_answers_are_faults(answer: Answer) -> None:
    """Everything else, broken off or not, shows as one fault."""
    oracle = Oracle()
    assert oracle.judge(ASKED, answer) == "wrong"
    assert len(oracle.faults) == 1


def test_a_death_excuses_what_nobody_could_see() -> None:
    """Only a process that was killed meanwhile shows why an answer has no word, or no end."""
    silence, short = Answer(b"", b"", whole=False), right(UNTIL_CLOSE, UNTIL_CLOSE.body[:7])
    oracle = Oracle(application_died=[NOW], worker_died=[NOW])
    assert oracle.judge(ASKED, silence) == "nothing"
    assert oracle.judge(UNTIL_CLOSE, short) == "ended"
    assert oracle.judge(ASKED, right(body=ASKED.body[:7])) == "wrong"
    before = Oracle(application_died=[NOW - 2 * DYING_NS], worker_died=[NOW - 2 * DYING_NS])
    assert before.judge(ASKED, silence) == before.judge(UNTIL_CLOSE, short) == "wrong"


@pytest.mark.parametrize(
    ("record", "faults"),
    [
        (f"unasked poisons-1 {NOW + 1}", 0),
        (f"unasked poisons-1 {NOW - 1}", 0),
        (f"unasked poisons-1 {NOW - DYING_NS}", 1),
        ("did poisons", 0),
        ("post t1\npost t2", 0),
        ("post t1\npost t1", 1),
        ("odd the cookie of the sidecar", 1),
    ],
)
def test_the_application_bears_witness(tmp_path: Path, record: str, faults: int) -> None:
    """What was there before it was asked for, sent twice, or nobody's shows as a fault."""
    oracle, kept = Oracle(), tmp_path / "record"
    oracle.judge(ASKED, right(Unasked="poisons-1"))
    kept.write_text(record + "\n")
    oracle.settle(kept)
    assert len(oracle.faults) == faults


def test_what_is_glued_to_an_answer_is_nobodys(tmp_path: Path) -> None:
    """Who gets what came together with another's answer shows a fault, whenever they asked."""
    oracle, kept = Oracle(), tmp_path / "record"
    kept.touch()
    oracle.judge(ASKED, right(Unasked="glued-1"))
    oracle.settle(kept)
    assert len(oracle.faults) == 1
