"""What a call says on its way: encoded so that nothing in it can mean something else."""

from datetime import UTC, datetime
from urllib.parse import parse_qsl, unquote

import pytest

from sidecar.api import about, config
from sidecar.client.desk import Ask, Reply


@pytest.mark.parametrize("user", ["alice", "a/b?c#d", "..", ".", "a b+c%2F", "app:ünï", "%2E%2E"])
@pytest.mark.conforms("ASVS-1.2.2")
def test_a_name_is_one_segment_of_the_path(user: str) -> None:
    """Names with every sign of addresses show that a path has one segment more, and reads back."""
    target = Ask(config.READ, {"user_id": user}).target
    assert target.startswith("/config/")
    segment = target.removeprefix("/config/")
    assert not set(segment) & set("/?#.")
    assert unquote(segment) == user


def test_nobody_is_no_name() -> None:
    """An empty name shows an error here: the path without it is another one."""
    with pytest.raises(ValueError, match="user_id is empty"):
        _ = Ask(config.READ, {"user_id": ""}).target


def test_a_query_says_what_was_said() -> None:
    """Words, switches, moments and what was left out show what a query says of each."""
    noon = datetime(2026, 1, 31, 12, tzinfo=UTC)
    query = {"user_id": "a&b=c", "since": noon, "enabled": False, "limit": 5, "cursor": None}
    _, _, said = Ask(about.HEALTH, query=query).target.partition("?")
    assert dict(parse_qsl(said)) == {
        "user_id": "a&b=c",
        "since": "2026-01-31T12:00:00Z",
        "enabled": "false",
        "limit": "5",
    }


def test_a_moment_needs_an_offset() -> None:
    """A moment without an offset shows an error: it could be any of twenty-four."""
    naive = datetime(2026, 1, 31, 12, tzinfo=UTC).replace(tzinfo=None)
    with pytest.raises(ValueError, match="offset"):
        _ = Ask(about.HEALTH, query={"since": naive}).target


def test_a_body_says_what_was_said() -> None:
    """A body with models and with what was left out shows plain JSON without the latter."""
    contact = config.Contact(channel="email", address="a@example.com")
    body = {"user_id": "alice", "contacts": (contact,), "reason": None}
    assert Ask(config.CREATE, body=body).content == (
        b'{"user_id":"alice","contacts":[{"channel":"email","address":"a@example.com"}]}'
    )
    assert Ask(config.READ, {"user_id": "alice"}).content == b""


def test_what_was_sent_or_answered_is_in_no_repr() -> None:
    """Texts of a call and of its answer show no body: codes and seeds are in there."""
    assert "123456" not in repr(Ask(config.CREATE, body={"code": "123456"}))
    assert "JBSW" not in repr(Reply(200, {}, b'{"secret": "JBSW"}'))


@pytest.mark.parametrize(
    ("ask", "repeatable"),
    [
        (Ask(config.READ, {"user_id": "a"}), True),
        (Ask(config.CREATE), False),
        (Ask(config.CREATE, key="k1"), True),
        (Ask(config.CHANGE, {"user_id": "a"}), True),
        (Ask(config.CHANGE, {"user_id": "a"}, if_match='"1"'), False),
    ],
)
def test_only_what_can_be_done_twice_is_repeatable(ask: Ask, repeatable: bool) -> None:
    """Calls of every kind show that one is sent again only where twice is the same as once."""
    assert ask.repeatable is repeatable
