"""Authenticators as rows: what is vouched for anew when something of them changes, and what not."""

from dataclasses import replace

from sidecar.core.model import AuthenticatorStatus
from sidecar.storage.sealing import Sealing
from sidecar.storage.vault import Vault, sealed_by
from tests.conformance.stores import NOW, RING, TWIN, authenticator

SEALING = Sealing(Vault(RING, "instance"))


def test_a_row_says_what_it_may_prove_under_a_key() -> None:
    """A new row shows material and MAC made by the active key, and no secret in clear."""
    row = SEALING.row(authenticator())
    assert sealed_by(str(row["material"])) == sealed_by(str(row["mac"])) == "k1"
    assert "twenty" not in str(row)


def test_what_did_not_open_is_not_vouched_for() -> None:
    """Changing the person of an unreadable row shows no new MAC; removing it does."""
    broken = authenticator(material=None)
    moved = SEALING.changed(broken, replace(broken, person=TWIN), NOW)
    assert "mac" not in moved
    assert (moved["realm"], moved["status"]) == ("other", "active")
    removed = replace(broken, status=AuthenticatorStatus.REMOVED)
    assert "mac" in SEALING.changed(broken, removed, NOW)


def test_what_opened_is_vouched_for_under_the_new_person() -> None:
    """Changing the person of a readable row shows another seal and another MAC."""
    before = SEALING.kept(authenticator())
    after = SEALING.changed(authenticator(), authenticator(person=TWIN), NOW)
    assert before["mac"] != after["mac"]
    assert before["material"] != after["material"]
