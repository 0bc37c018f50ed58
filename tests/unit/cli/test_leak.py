"""`sidecar keys revoke-all-seeds`."""

import json

import pytest

from tests.unit.cli.test_rotation import Installation, here, turned
from tests.unit.storage.databases import rows

__all__ = ["here"]
LIVE = "SELECT count(*) FROM authenticators WHERE kind = 'shared_secret' AND status = 'active'"


def test_nothing_is_revoked_unasked(here: Installation) -> None:
    """A run without an answer shows the question with a number, and everything as it was."""
    asked = here.keys("revoke-all-seeds")
    assert asked.exit_code == 1
    assert "of 1 people for good" in asked.stderr
    assert rows(here.folder, LIVE) == [(2,)]


@pytest.mark.parametrize("narrow", [(), ("--factor", "totp")])
def test_every_seed_is_revoked(here: Installation, narrow: tuple[str, ...]) -> None:
    """A run after a new key shows what it did, and the keys that are believed no longer."""
    turned(here)
    done = here.keys("revoke-all-seeds", "--yes", "--json", *narrow)
    assert done.exit_code == 0
    told = json.loads(done.stdout)
    assert (told["people"], told["authenticators"], told["distrusted"]) == (1, 4, ["k1"])
    assert "take k1 out of `keys:`" in done.stderr or done.stderr == ""
    assert rows(here.folder, LIVE) == [(0,)]
    states = {key["id"]: key["state"] for key in here.told("status")["keys"]}
    assert states == {"k1": "leaked", "k2": "active"}
    assert here.keys("reseal").exit_code == 0
    kept = here.told("status")["keys"][0]["kept"]
    assert not {"carried", "assertion", "disown", "cookie"} & set(kept)


def test_the_only_key_is_warned_of(here: Installation) -> None:
    """Where the key that may have leaked still makes everything, the last word shows that."""
    done = here.keys("revoke-all-seeds", "--yes")
    assert "4 authenticators of 1 people are disabled" in done.stdout
    assert "k1 is the only key" in done.stderr
