"""Moments are aware and in UTC, whatever goes in."""

from datetime import datetime, timedelta, timezone

import pytest
from sqlalchemy.dialects import sqlite

from sidecar.core.model import Person
from sidecar.storage.columns import Key, Text, Utc, of_people, of_person, person_values
from sidecar.storage.tables import accounts
from tests.conformance.stores import NOW

DIALECT = sqlite.dialect()


def test_a_moment_comes_back_in_utc() -> None:
    """A time of another zone shows as the same moment, and nothing stays nothing."""
    there = NOW.astimezone(timezone(timedelta(hours=5)))
    kept = Utc().process_bind_param(there, DIALECT)
    assert kept == NOW
    assert kept is not None
    assert kept.utcoffset() == timedelta(0)
    assert Utc().process_result_value(NOW.replace(tzinfo=None), DIALECT) == NOW
    assert Utc().process_result_value(NOW, DIALECT) == NOW
    assert Utc().process_bind_param(None, DIALECT) is None


def test_a_naive_time_is_refused() -> None:
    """A time without a zone shows an error instead of a guess."""
    with pytest.raises(ValueError, match="time zone"):
        Utc().process_bind_param(datetime(2026, 1, 1), DIALECT)  # noqa: DTZ001 - the point


def test_a_person_is_two_columns_byte_for_byte() -> None:
    """The condition of a person shows both halves compared as they are."""
    condition = str(
        of_person(accounts, Person("shop", "Ada")).compile(compile_kwargs={"literal_binds": True})
    )
    assert "realm = 'shop'" in condition
    assert "subject = 'Ada'" in condition
    assert person_values(Person("shop", "Ada")) == {"realm": "shop", "subject": "Ada"}


def test_what_no_database_keeps_is_marked() -> None:
    """NUL and half a surrogate pair show as a mark in texts, and as no key that anybody has."""
    for bad in ("a\x00b", "a\udcffb", "a\ud800b"):
        assert Text().process_bind_param(bad, DIALECT) == "a\ufffdb"
        assert Key(64).process_bind_param(bad, DIALECT) == "a\x7fb"
    for good in ("", "plain", "\U0001f511 ключ", None):
        assert Text().process_bind_param(good, DIALECT) == good
        assert Key(64).process_bind_param(good, DIALECT) == good


def test_people_are_pairs_of_columns() -> None:
    """The condition of people shows realm and subject compared together, so none are crossed."""
    people = (Person("shop", "Ada"), Person("club", "ada"))
    condition = str(of_people(accounts, people).compile(compile_kwargs={"literal_binds": True}))
    assert "('shop', 'Ada'), ('club', 'ada')" in condition
