"""What the checks look at."""

from sidecar.settings.draft import Draft
from tests.unit.settings import build


def test_a_place_is_sound_where_nothing_in_or_around_it_was_replaced() -> None:
    """Spoiled places show that checks keep away from them, their insides and their surroundings."""
    loaded = build.load()
    names = frozenset({"totp", "backup_codes"})
    spoiled = frozenset({("policy", "rules", 1), ("session", "idle")})
    draft = Draft(loaded.settings, loaded.declared, names, loaded.policy, spoiled, build.NOW)
    assert not draft.sound("policy")
    assert not draft.sound("policy", "rules", 1)
    assert not draft.sound("policy", "rules", 1, "path")
    assert draft.sound("policy", "rules", 0)
    assert draft.sound("session", "lifetime")
    assert draft.factors_known
