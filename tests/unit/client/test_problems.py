"""Problems as the client tells them."""

import json

import pytest

from sidecar.api.problems import Fault
from sidecar.client.desk import Reply
from sidecar.client.problems import PROBLEM, NotOurs, ProblemError, problem_of, waiting_s

TYPE = "https://shop.example.com/_sidecar/problems/"


def told(status: int, slug: str, **more: object) -> Reply:
    """Return a problem as it comes over the wire."""
    wait = more.pop("wait", None)
    body = {"type": f"{TYPE}{slug}", "title": slug, "status": status, "request_id": "r1", **more}
    headers = {"Content-Type": PROBLEM} | ({"Retry-After": str(wait)} if wait else {})
    return Reply(status, headers, json.dumps(body).encode())


def test_a_problem_keeps_what_it_says() -> None:
    """A problem with everything shows all of it, and reads as one line."""
    fault = {"pointer": "/contacts/0/address", "detail": "no mailbox"}
    error = problem_of(told(422, "input-invalid", detail="1 fault", errors=[fault], wait=7))
    assert isinstance(error, ProblemError)
    assert (error.status, error.slug, error.detail) == (422, "input-invalid", "1 fault")
    assert error.errors == (Fault(pointer="/contacts/0/address", detail="no mailbox"),)
    assert (error.retry_after_s, error.request_id) == (7, "r1")
    assert str(error) == (
        "input-invalid: 1 fault; /contacts/0/address: no mailbox; try again in 7 s (request r1)"
    )


def test_a_bare_problem_is_told_by_its_name() -> None:
    """A problem that says nothing but its name shows that name, and empty fields."""
    error = problem_of(told(404, "not-found"))
    assert isinstance(error, ProblemError)
    assert (error.detail, error.errors, error.reason, error.retry_after_s) == ("", (), "", None)
    assert str(error) == "not-found (request r1)"


def test_a_rejected_response_says_why() -> None:
    """The reason of a rejection shows where no other words came."""
    error = problem_of(told(422, "response-rejected", reason="wrong"))
    assert isinstance(error, ProblemError)
    assert error.reason == "wrong"
    assert str(error).startswith("response-rejected: wrong")


@pytest.mark.parametrize(
    "reply",
    [
        Reply(502, {"Content-Type": "text/html"}, b"<h1>Bad gateway</h1>"),
        Reply(404, {}, b""),
        Reply(500, {"Content-Type": PROBLEM}, b"{"),
        Reply(500, {"Content-Type": PROBLEM}, b'{"status": 500}'),
    ],
)
def test_what_is_no_problem_is_told_so(reply: Reply) -> None:
    """Answers of something else show its status, and nothing of what it wrote."""
    error = problem_of(reply)
    assert isinstance(error, NotOurs)
    assert str(reply.status) in str(error)
    assert "gateway" not in str(error)


@pytest.mark.parametrize(
    ("said", "seconds"),
    [({}, None), ({"Retry-After": "3"}, 3), ({"Retry-After": "soon"}, None)],
)
def test_only_seconds_are_waited(said: dict[str, str], seconds: int | None) -> None:
    """Kinds of Retry-After show that seconds count, and nothing else does."""
    assert waiting_s(Reply(503, said, b"")) == seconds
