"""What several replicas need to behave as one."""

import pytest

from tests.unit.settings import build

SERVER = {"database": "postgresql+asyncpg://u:p@127.0.0.1/x"}
REDIS = {"address": "127.0.0.1:6379", "password": "secret"}
LOGIN = {"paths": ["/login"]}
SOURCE = {"plugin": "upstream_session", "upstream": "shop", "url": "/whoami", "subject": "/id"}


def said(**sections: object) -> list[str]:
    right = {"replicas": 3, "storage": SERVER, "redis": REDIS, "login": LOGIN}
    return build.faults(**right | sections)


def test_replicas_that_share_all_they_need_are_right() -> None:
    """A server, Redis and the login's paths show no finding."""
    assert said() == []


def test_one_needs_nothing_to_share() -> None:
    """A single replica shows no finding without any of it."""
    assert build.faults() == []


def test_a_file_is_shared_by_nobody() -> None:
    """Several replicas on SQLite show the fault, and what to write."""
    (found,) = said(storage=None)
    assert found.startswith("replicas: 3 replicas cannot share a file of SQLite (write storage")


def test_what_is_known_must_be_forgotten_together() -> None:
    """A source that keeps answers where nothing says how people sign in shows the fault; one that
    keeps none does not.
    """
    (found,) = said(login=None)
    assert found.startswith("identity.app: keeps answers that replicas cannot forget together")
    assert "keep: 0s" in found
    assert said(login=None, identity={"app": {**SOURCE, "keep": "0s"}}) == []


def test_limits_that_are_not_shared_are_told() -> None:
    """Several replicas without Redis show a warning that says what that means."""
    (found,) = said(redis=None)
    assert found.startswith("warning: replicas: without `redis:` each counts its limits for itself")


@pytest.mark.parametrize("broken", [{"replicas": 0}, {"replicas": "many"}])
def test_what_is_no_number_of_replicas_is_told_once(broken: dict[str, object]) -> None:
    """A number that is none shows that fault alone."""
    (found,) = said(**broken, storage=None)
    assert found.startswith("replicas: ")
