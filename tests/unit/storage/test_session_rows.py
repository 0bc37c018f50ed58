"""What the rows of sessions say."""

from dataclasses import replace
from datetime import timedelta

import pytest

from sidecar.core.model import AuthenticatorId, Level, Proof
from sidecar.storage.session_rows import proofs_of, with_proof, written
from tests.conformance.stores import NOW

CODE = Proof("totp", AuthenticatorId("a1"), ("otp",), NOW, Level.TWO_FACTOR)
KEY = Proof("webauthn", AuthenticatorId("k1"), ("hwk", "user"), NOW, Level.PHISHING_RESISTANT)


@pytest.mark.parametrize("proofs", [(), (CODE,), (CODE, KEY)])
def test_proofs_come_back_as_they_were(proofs: tuple[Proof, ...]) -> None:
    """None, one and two proofs show themselves unchanged, moments in UTC."""
    assert proofs_of(written(proofs)) == proofs


def test_proofs_of_before_there_was_a_level_are_read() -> None:
    """A proof without the most that it may count for shows one that counts for what it did."""
    said = '[["totp","a1",["otp"],"2026-06-01T12:00:00+00:00"]]'
    assert proofs_of(said) == (Proof("totp", AuthenticatorId("a1"), ("otp",), NOW),)


def test_of_one_authenticator_the_latest_is_kept() -> None:
    """A second proof of the same shows in the place of the first, one of another beside it."""
    later = replace(CODE, at=NOW + timedelta(minutes=1))
    assert with_proof((CODE, KEY), later) == (KEY, later)
    assert with_proof((CODE,), KEY) == (CODE, KEY)
