"""What plugins are handed."""

import pytest

from plugins.factors import email, sms
from plugins.factors.backup_codes import BackupCodes
from plugins.factors.totp import Totp
from plugins.factors.webauthn import Webauthn
from sidecar.core.errors import MalformedRequest
from sidecar.core.model import Level
from sidecar.core.protocols import FactorTraits, RequestView

VIEW = RequestView(
    method="GET",
    path="/",
    query="",
    host="shop.example.com",
    scheme="https",
    headers=((b"X-User", b"ann"), (b"x-a", b"1"), (b"X-A", b"2"), (b"Cookie", b"s=sesame")),
    peer="192.0.2.1",
    client="192.0.2.1",
)


@pytest.mark.parametrize("name", ["X-User", "x-user", "X-USER"])
def test_headers_are_found_in_any_case(name: str) -> None:
    """Shows that a header's name is compared without case and its value kept byte for byte."""
    assert VIEW.all(name) == (b"ann",)
    assert VIEW.one(name) == b"ann"


def test_repeated_headers_are_seen() -> None:
    """THREATS 17: one header in two spellings shows both values in order, and a refusal where only
    one may be.
    """
    assert VIEW.all("x-a") == (b"1", b"2")
    with pytest.raises(MalformedRequest, match="x-a occurs 2 times"):
        VIEW.one("x-a")


def test_absent_headers_are_none() -> None:
    """Shows that a missing header is not an empty one."""
    assert VIEW.all("x-b") == ()
    assert VIEW.one("x-b") is None


def test_headers_are_not_shown() -> None:
    """Promise 7: the text of a request view shows no header."""
    assert "sesame" not in repr(VIEW)


@pytest.mark.conforms("NIST-AAL2PAT-1", "ASVS-6.5.7")
@pytest.mark.parametrize("proves", ["knowledge", "inherence"])
def test_only_what_a_person_has_is_a_second_kind_of_evidence(proves: str) -> None:
    """Something known or a biometric alone, whatever else it says, shows one factor."""
    for level in Level:
        for resistant in (False, True):
            traits = FactorTraits(proves, level, phishing_resistant=resistant)
            assert traits.strongest is Level.ONE_FACTOR
    assert FactorTraits("possession").strongest is Level.TWO_FACTOR


@pytest.mark.conforms("NIST-AAL2PAT-1")
def test_our_factors_are_something_that_a_person_has() -> None:
    """Every factor of ours shows possession: another kind of evidence than a password."""
    classes = [factor.traits for factor in (Totp, BackupCodes, Webauthn)]
    assert {traits.proves for traits in (*classes, sms.TRAITS, email.TRAITS)} == {"possession"}
