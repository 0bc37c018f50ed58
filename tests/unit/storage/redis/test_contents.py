"""Contents of sessions: sealed to one place, and read as they were written."""

from dataclasses import replace
from datetime import timedelta

import pytest

from sidecar.core.model import SessionStatus
from sidecar.storage.redis.contents import Shown, contents_of, replaced, seal, unseal
from sidecar.storage.vault import KeyRing, RootKey, Vault
from tests.conformance.stores import NOW, RING, proof, session, token

VAULT = Vault(RING, "here")
PLAIN = contents_of(session(proofs=(proof(),)), token("old"))
RAISED = replaced(PLAIN, Shown(SessionStatus.PROVEN, (proof("a2"),), "login-2"), token("new"), NOW)


@pytest.mark.parametrize("contents", [PLAIN, RAISED, replace(RAISED, user_agent="é\ud800")])
def test_contents_are_read_as_they_were_written(contents: object) -> None:
    """Contents with and without a token before show themselves again."""
    assert unseal(VAULT, "s1", "x", seal(VAULT, "s1", "x", contents).encode()) == contents  # type: ignore[arg-type]  # each is


def test_they_open_nowhere_else() -> None:
    """Another session, stamp, installation or key shows nothing; nor does what is no seal."""
    sealed = seal(VAULT, "s1", "x", PLAIN).encode()
    other = Vault(KeyRing((RootKey("k1", bytes(32)),)), "here")
    assert unseal(VAULT, "s2", "x", sealed) is None
    assert unseal(VAULT, "s1", "y", sealed) is None
    assert unseal(Vault(RING, "there"), "s1", "x", sealed) is None
    assert unseal(other, "s1", "x", sealed) is None
    for wrong in (None, 1, b"", b"\xff", sealed[:-2]):
        assert unseal(VAULT, "s1", "x", wrong) is None


def test_secrets_are_not_shown() -> None:
    """Contents in a log show nothing of the browser."""
    assert "Browser" not in repr(replace(PLAIN, seen_at=NOW + timedelta(1)))
