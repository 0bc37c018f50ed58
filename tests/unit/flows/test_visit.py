"""Twin of sidecar/flows/visit.py."""

from dataclasses import replace
from datetime import timedelta

import pytest

from sidecar.core.errors import NotIdentified, StepUpRequired
from sidecar.core.model import (
    AuthenticatorId,
    Claims,
    Identity,
    Person,
    Proof,
    Session,
    SessionId,
    SessionStatus,
)
from sidecar.flows.visit import Visit, coarse
from tests.clock import START

ADA = Person("app", "ada")
END = START + timedelta(days=1)
SESSION = Session(SessionId("s1"), ADA, SessionStatus.PENDING, START, END, START)
PROOF = Proof("totp", AuthenticatorId("a1"), ("otp",), START)


def visit(session: Session | None, claims: Claims | None = None) -> Visit:
    return Visit(Identity(ADA, "app", claims or Claims()), session, "r1")


def test_label() -> None:
    """A person shows under the best name that is known."""
    assert visit(None).label == "ada"
    assert visit(None, Claims(name="Ada L.")).label == "Ada L."
    assert visit(None, Claims(name="Ada L.", email="ada@example.com")).label == "ada@example.com"
    assert visit(None).person == ADA


def test_what_is_required() -> None:
    """Without a session or a proof, whoever needs one shows a named refusal."""
    with pytest.raises(NotIdentified):
        visit(None).require_session()
    with pytest.raises(NotIdentified):
        visit(None).require_proof()
    with pytest.raises(StepUpRequired):
        visit(SESSION).require_proof()
    assert visit(SESSION).require_session() is SESSION
    proven = replace(SESSION, proofs=(PROOF,))
    assert visit(proven).require_proof() is proven


@pytest.mark.parametrize("address", ["192.0.2.77", "2001:db8:1:2:3::4", "::ffff:192.0.2.77"])
def test_addresses_are_shortened(address: str) -> None:
    """An address shows as its network: nobody's full address is kept."""
    short = coarse(address)
    assert short
    assert address not in short
    assert "77" not in short


def test_no_address() -> None:
    """What is no address shows as nothing."""
    assert [coarse(text) for text in ("", "a", "192.0.2", "unix:")] == [""] * 4
