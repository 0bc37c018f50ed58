"""What a remembered browser stands for."""

from datetime import timedelta

import pytest
from pydantic import TypeAdapter, ValidationError

from sidecar.core.model import REMEMBERED, Level, Proof, Session
from sidecar.settings.schema import Name
from tests.conformance.stores import NOW, proof, session, trusted


def test_a_browser_stands_for_what_was_proven_then() -> None:
    """A remembered browser shows a proof of that time, no method, and no more than two factors."""
    browser = trusted(proven_at=NOW - timedelta(days=3))
    given = browser.proof()
    assert (given.at, given.amr, given.most) == (browser.proven_at, (), Level.TWO_FACTOR)
    assert str(given.authenticator_id) == str(browser.id)
    assert given.remembered


def test_no_factor_can_pass_for_a_remembered_browser() -> None:
    """The word of such proofs shows that no factor's instance can be called so."""
    with pytest.raises(ValidationError):
        TypeAdapter(Name).validate_python(REMEMBERED)


def test_a_session_is_proven_by_a_factor_only() -> None:
    """Sessions with no proof, a remembered browser, a code and both show which are proven."""

    def proven(*proofs: Proof) -> bool:
        made: Session = session(proofs=proofs)
        return made.proven

    remembered = trusted().proof()
    assert [proven(), proven(remembered)] == [False, False]
    assert [proven(proof()), proven(remembered, proof())] == [True, True]
