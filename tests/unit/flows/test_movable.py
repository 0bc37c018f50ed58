"""Which authenticators move, and how each is told from others."""

from dataclasses import replace

import pytest

from sidecar.core.model import LookupCodes, PublicKey, SharedSecret
from sidecar.core.seeds import Portable, Seed
from sidecar.flows.movable import Taken, mark_of
from tests.conformance.stores import authenticator
from tests.unit.flows.moving import DOMAIN, KEY, OTHER, SEED, movable_in
from tests.unit.flows.scene import Scene


@pytest.mark.parametrize("seed", [SEED, OTHER])
async def test_a_seed_is_taken_and_comes_out_again(here: Scene, seed: Seed) -> None:
    """What a factor keeps of a seed shows the same seed, and the same mark."""
    found = movable_in(here)
    taken = found.taken(Portable("ada", "", "", seed))
    assert isinstance(taken, Taken)
    held = authenticator("a", taken.material, factor=taken.factor)
    assert (taken.factor, found.material(held)) == ("totp", seed)
    assert found.mark(held) == taken.mark == mark_of("totp", seed)
    assert repr(seed.secret) not in repr(taken)


async def test_a_key_is_the_same_whatever_its_counter(here: Scene) -> None:
    """A key that was used, and says more of itself, shows the mark that it had."""
    found = movable_in(here)
    taken = found.taken(Portable("ada", "keys", "", KEY))
    assert isinstance(taken, Taken)
    later = authenticator("a", replace(KEY, sign_count=9, state={}), factor="keys")
    assert found.mark(later) == taken.mark
    other = authenticator("a", replace(KEY, public_key=b"another"), factor="keys")
    assert found.mark(other) != taken.mark


@pytest.mark.parametrize(
    ("factor", "material", "said"),
    [
        ("sms", SEED, "no factor 'sms' takes it here; those of its kind: totp"),
        ("backup_codes", SEED, "no factor 'backup_codes'"),
        ("", Seed(b"ten bytes!"), "too short"),
        ("totp", replace(SEED, digits=7), "makes no such codes"),
        ("", KEY, "no factor takes it here; those of its kind: keys"),
        ("totp", KEY, "no factor 'totp'"),
        ("keys", SEED, "no factor 'keys'"),
        ("keys", replace(KEY, state={"rp_id": "other.test"}), f"another domain than {DOMAIN}"),
    ],
)
async def test_what_no_factor_takes_is_told(
    here: Scene, factor: str, material: Seed | PublicKey, said: str
) -> None:
    """What cannot be taken shows why in a sentence, which says nothing of the secret."""
    told = movable_in(here).taken(Portable("ada", factor, "", material))
    assert isinstance(told, str)
    assert said in told
    assert "ten bytes" not in told


async def test_what_does_not_travel_has_no_mark(here: Scene) -> None:
    """Codes, what does not open, and what no factor of here holds show nothing to travel with."""
    found = movable_in(here)
    for held in (
        authenticator("a", None),
        authenticator("a", LookupCodes(())),
        authenticator("a", SharedSecret(b"number"), factor="sms"),
        authenticator("a", KEY, factor="gone"),
    ):
        assert (found.material(held), found.mark(held)) == (None, None)
