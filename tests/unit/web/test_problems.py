"""Errors as HTTP: one place, two ways of telling, nothing of the exception's text."""

import json
from dataclasses import replace

import pytest

from sidecar.core.errors import (
    NotFound,
    PluginFailed,
    StepUpRequired,
    TooManyAttempts,
)
from sidecar.core.slugs import slugs
from sidecar.web.problems import Problems, Telling
from tests.clock import ManualClock
from tests.tools.pages_server import renderer

PROBLEMS = Problems(renderer(), ManualClock(), secure=True)
PROGRAM = Telling(page=False, language="", request_id="r1")
PERSON = Telling(page=True, language="de", request_id="r1")


@pytest.mark.conforms("RFC-9457-3")
@pytest.mark.parametrize("slug", slugs())
def test_every_error_both_ways(slug: str) -> None:
    """Each slug shows its status, its own document and a page of its own, with the number."""
    error = slugs()[slug]("a secret detail")
    status, headers, body = PROBLEMS.tell(error, PROGRAM, {"reason": "why"})
    problem = json.loads(body)
    assert status == error.status == problem["status"]
    assert dict(headers)[b"Content-Type"] == b"application/problem+json"
    assert (problem["type"], problem["reason"]) == (f"/_sidecar/problems/{slug}", "why")
    assert problem["request_id"] == "r1"
    status, headers, page = PROBLEMS.tell(error, PERSON, {})
    assert status == error.status
    assert dict(headers)[b"Content-Type"] == b"text/html; charset=utf-8"
    assert b'<html lang="de"' in page
    assert b"r1" in page
    assert b"secret detail" not in body + page


def test_when_to_come_back() -> None:
    """An error that waiting cures shows for how long, in the header and on the page."""
    _, headers, page = PROBLEMS.tell(TooManyAttempts(retry_after_s=240), PERSON, {})
    assert dict(headers)[b"Retry-After"] == b"240"
    assert "4\u00a0Minuten" in page.decode() or "4 Minuten" in page.decode()
    _, headers, _ = PROBLEMS.tell(NotFound(), PERSON, {})
    assert b"Retry-After" not in dict(headers)


@pytest.mark.parametrize("slug", ["store", "limiter", "identity"])
def test_a_page_that_was_asked_for_comes_back_by_itself(slug: str) -> None:
    """An outage shows a page that asks again where a page was asked for, and where something was
    sent none that could send it twice, but words on what became of it.
    """
    error = slugs()[f"{slug}-unavailable"]()
    _, headers, asked = PROBLEMS.tell(error, PERSON, {})
    assert dict(headers)[b"Retry-After"] == b"5"
    assert b'data-asks-every="5"' in asked
    assert b"Service desk" in asked  # whom to ask
    _, headers, sent = PROBLEMS.tell(error, replace(PERSON, sent=True), {})
    assert dict(headers)[b"Retry-After"] == b"5"
    assert b"data-asks-every" not in sent
    assert "abgeschickt" in sent.decode()
    _, _, limited = PROBLEMS.tell(TooManyAttempts(), PERSON, {})
    assert b"data-asks-every" not in limited


def test_headers() -> None:
    """Both ways show that nothing is kept and that the answer depends on who asks and how."""
    for how in (PROGRAM, PERSON):
        _, headers, _ = PROBLEMS.tell(StepUpRequired(), how, {})
        assert dict(headers)[b"Cache-Control"] == b"no-store"
        assert b"Sec-Fetch-Mode" in dict(headers)[b"Vary"]
    _, headers, _ = PROBLEMS.tell(PluginFailed(), PERSON, {})
    assert b"frame-ancestors 'none'" in dict(headers)[b"Content-Security-Policy"]


@pytest.mark.parametrize("how", [PROGRAM, PERSON])
def test_each_is_counted_once(how: Telling) -> None:
    """An error that is told, either way, shows once by its slug."""
    heard: list[str] = []
    problems = Problems(renderer(), ManualClock(), secure=True, count=heard.append)
    problems.tell(NotFound("x"), how, {})
    assert heard == ["not-found"]
