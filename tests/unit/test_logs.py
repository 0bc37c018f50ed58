"""What is written to standard error: one event a line, and no secret in it."""

import json
import logging
from collections.abc import Iterator
from dataclasses import dataclass

import pytest
import structlog

from sidecar import logs
from sidecar.settings.schema import LoggingPart, SentryPart

CANARY = "canary-7f3a"


@dataclass
class Caught:
    """Everything that was written to standard error so far."""

    capsys: pytest.CaptureFixture[str]
    text: str = ""

    def getvalue(self) -> str:
        self.text += self.capsys.readouterr().err
        return self.text


@pytest.fixture
def stderr(capsys: pytest.CaptureFixture[str]) -> Iterator[Caught]:
    """Standard error of a process whose logging is set up by the test, and by nobody after it."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    levels = {name: logging.getLogger(name).level for name in logs._QUIET}
    yield Caught(capsys)
    structlog.reset_defaults()
    root.handlers[:] = handlers
    root.setLevel(level)
    for name, before in levels.items():
        logging.getLogger(name).setLevel(before)


def part(**written: object) -> LoggingPart:
    return LoggingPart.model_validate(written)


def lines(caught: Caught) -> list[dict[str, object]]:
    return [json.loads(line) for line in caught.getvalue().splitlines()]


def fail_with_secrets() -> None:
    """Raise, with secrets in the variables of the way."""
    code = CANARY
    cookies = {"__Host-sidecar": CANARY}
    raise ValueError(f"{len(code)} {len(cookies)}")


@pytest.mark.conforms("ASVS-16.2.1", "ASVS-16.2.2")
def test_an_event_is_one_line_of_json(stderr: Caught) -> None:
    """An event with values shows one JSON line with level, time in UTC and its fields."""
    logs.configure(part(format="json", level="info"))
    structlog.get_logger().info("challenge.rejected", reason_id="wrong", text="a\nb")
    (line,) = lines(stderr)
    assert (line["event"], line["level"], line["reason_id"]) == (
        "challenge.rejected",
        "info",
        "wrong",
    )
    assert str(line["timestamp"]).endswith("Z")


def test_what_is_below_the_level_is_not_written(stderr: Caught) -> None:
    """A level of warning shows warnings and no more, ours and other people's."""
    logs.configure(part(format="json", level="warning"))
    structlog.get_logger().info("quiet")
    logging.getLogger("elsewhere").info("quiet")
    structlog.get_logger().warning("loud")
    assert [line["event"] for line in lines(stderr)] == ["loud"]


@pytest.mark.conforms("ASVS-16.2.5")
@pytest.mark.parametrize(
    "name",
    ["code", "codes", "secret", "token", "session_token", "Cookie", "set_cookie", "Authorization"],
)
def test_fields_named_like_secrets_are_hidden(stderr: Caught, name: str) -> None:
    """A secret under a telling name shows only that there was one."""
    logs.configure(part(format="json"))
    structlog.get_logger().warning("x.y", **{name: CANARY}, factor="totp")
    assert CANARY not in stderr.getvalue()
    assert lines(stderr)[0]["factor"] == "totp"


@pytest.mark.parametrize("form", ["json", "console"])
def test_tracebacks_show_no_variables(stderr: Caught, form: str) -> None:
    """A failure with secrets in its variables shows where it was and nothing that they held."""
    logs.configure(part(format=form))
    try:
        fail_with_secrets()
    except ValueError:
        structlog.get_logger().exception("page.failed", request_id="r1")
    assert "fail_with_secrets" in stderr.getvalue()
    assert "ValueError" in stderr.getvalue()
    assert CANARY not in stderr.getvalue()


def test_what_libraries_log_has_the_same_form(stderr: Caught) -> None:
    """A library's warning with a traceback shows one JSON line; its chatter shows none."""
    logs.configure(part(format="json", level="debug"))
    logging.getLogger("sqlalchemy.engine").info("INSERT %s", CANARY)
    try:
        fail_with_secrets()
    except ValueError:
        logging.getLogger("asyncio").exception("a task died")
    (line,) = lines(stderr)
    assert (line["event"], line["level"]) == ("a task died", "error")
    assert CANARY not in stderr.getvalue()


def test_people_may_read_it_too(stderr: Caught) -> None:
    """The console format shows the event in plain words, without colours in a file."""
    logs.configure(part(format="console"))
    structlog.get_logger().warning("sidecar.started", port=8080)
    assert "sidecar.started" in stderr.getvalue()
    assert "\x1b" not in stderr.getvalue()


def test_sentry_gets_nothing_of_requests_or_people() -> None:
    """An event full of a visitor's things shows none of them after scrubbing."""
    event = {
        "message": "boom",
        "request": {"cookies": CANARY, "data": CANARY},
        "user": {"ip_address": "192.0.2.7"},
        "breadcrumbs": {"values": [CANARY]},
        "extra": {"x": CANARY},
        "server_name": "pod-1",
    }
    scrubbed = logs.scrub(event)  # type: ignore[arg-type]  # as it would come from Sentry
    assert dict(scrubbed) == {"message": "boom"}


def test_sentry_is_told_to_send_no_variables_and_no_bodies(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The options given to Sentry show everything personal switched off."""
    import sentry_sdk

    given: dict[str, object] = {}
    monkeypatch.setattr(sentry_sdk, "init", lambda **options: given.update(options))
    logs.report_to_sentry(SentryPart.model_validate({"dsn": "https://k@127.0.0.1/1"}), "1.0")
    assert given["send_default_pii"] is False
    assert given["include_local_variables"] is False
    assert given["max_request_body_size"] == "never"
    assert given["before_send"] is logs.scrub
