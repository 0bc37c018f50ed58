"""The values everything else speaks in."""

import dataclasses
import inspect
from datetime import UTC, datetime, timedelta

import pytest

from sidecar.core import model
from sidecar.core.messages import Message
from sidecar.core.model import (
    Authenticator,
    AuthenticatorId,
    AuthenticatorStatus,
    Claims,
    Enrolled,
    Level,
    LookupCode,
    LookupCodes,
    Material,
    Person,
    Prompt,
    PublicKey,
    Rejected,
    SharedSecret,
    Started,
    Verified,
)

NOW = datetime(2024, 5, 1, 12, tzinfo=UTC)
SECRET = SharedSecret(b"sesame")
VALUES = [
    value
    for _, value in inspect.getmembers(model, inspect.isclass)
    if dataclasses.is_dataclass(value)
]


def authenticator(status: AuthenticatorStatus, material: Material | None) -> Authenticator:
    return Authenticator(
        id=AuthenticatorId("a"),
        person=Person("shop", "ann"),
        factor="totp",
        name="phone",
        status=status,
        level=Level.TWO_FACTOR,
        version=1,
        created_at=NOW,
        material=material,
    )


@pytest.mark.parametrize("value", VALUES)
def test_values_are_frozen_and_slotted(value: type) -> None:
    """Every value shows that nobody can change it or hang anything on it."""
    assert value.__dataclass_params__.frozen  # type: ignore[attr-defined]
    assert "__slots__" in vars(value)


@pytest.mark.conforms("ASVS-6.8.1")
def test_a_person_is_realm_and_subject() -> None:
    """The same subject in two realms shows two people."""
    one, other = Person("shop", "1"), Person("desk", "1")
    assert one != other
    assert (one.user_id, other.user_id) == ("shop:1", "desk:1")
    assert sorted([one, other]) == [other, one]


def test_levels_compare_and_have_words() -> None:
    """Shows the order of the levels and their words."""
    assert Level.ONE_FACTOR < Level.TWO_FACTOR < Level.PHISHING_RESISTANT
    assert [level.word for level in Level] == ["one_factor", "two_factor", "phishing_resistant"]


@pytest.mark.parametrize(
    ("material", "usable"),
    [
        (SECRET, True),
        (PublicKey(b"id", b"key", 0), True),
        (None, False),
        (LookupCodes(()), False),
        (LookupCodes((LookupCode("AAAA", "h", NOW),)), False),
        (LookupCodes((LookupCode("AAAA", "h", NOW), LookupCode("BBBB", "h"))), True),
    ],
)
def test_what_can_be_used(material: Material | None, *, usable: bool) -> None:
    """Promise 10: unreadable material and spent codes show an authenticator that exists and cannot
    be used; one that is not active never can.
    """
    for status in AuthenticatorStatus:
        expected = usable and status is AuthenticatorStatus.ACTIVE
        assert authenticator(status, material).usable is expected


def test_codes_left_are_counted() -> None:
    """A set of codes with one spent shows how many are left."""
    assert LookupCodes((LookupCode("A", "h", NOW), LookupCode("B", "h"))).left == 1


@pytest.mark.parametrize(
    "value",
    [
        SECRET,
        LookupCode("AAAA", "sesame"),
        authenticator(AuthenticatorStatus.ACTIVE, SECRET),
        Claims(phone="sesame"),
        Message("sms", "code", "sesame", {"code": "sesame"}),
        Started(Prompt("code"), b"sesame", (Message("sms", "code", "sesame"),)),
        Enrolled(SECRET, Prompt("codes", {"codes": ("sesame",)})),
        Verified(AuthenticatorId("a"), ("otp",), SECRET),
        Rejected(material=SECRET),
    ],
)
def test_secrets_are_not_shown(value: object) -> None:
    """Promise 7: the text of each value that holds a secret shows nothing of it."""
    assert "sesame" not in repr(value)


@pytest.mark.parametrize(
    ("held_for", "held_level", "level"),
    [
        (None, Level.ONE_FACTOR, Level.TWO_FACTOR),
        (timedelta(), Level.ONE_FACTOR, Level.TWO_FACTOR),
        (timedelta(microseconds=1), Level.ONE_FACTOR, Level.ONE_FACTOR),
        (timedelta(days=1), Level.TWO_FACTOR, Level.TWO_FACTOR),
        (timedelta(days=1), Level.PHISHING_RESISTANT, Level.TWO_FACTOR),
    ],
)
def test_a_hold_lowers_until_its_end(
    held_for: timedelta | None, held_level: Level, level: Level
) -> None:
    """A hold of any length and level shows what a proof may give now, never more than the
    authenticator's own level, and whether there is something to wait for.
    """
    until = None if held_for is None else NOW + held_for
    item = dataclasses.replace(
        authenticator(AuthenticatorStatus.ACTIVE, SECRET), held_until=until, held_level=held_level
    )
    assert item.most(NOW) is level
    assert item.held(NOW) == (until if level < item.level else None)
