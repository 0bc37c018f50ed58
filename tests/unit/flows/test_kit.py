"""What every flow works with."""

import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest

from sidecar.core.errors import ChallengeGone, PluginFailed
from sidecar.core.model import Level
from sidecar.core.protocols import FactorTraits
from sidecar.flows.kit import Entered, counted_under, from_plugin, new_id
from tests.unit.flows.errands import DESK, SHOP
from tests.unit.flows.scene import GRACE, Scene

SECOND = timedelta(seconds=1)


async def test_levels_follow_the_traits(here: Scene) -> None:
    """A phishing-resistant factor shows its own level, whatever level its traits name."""
    assert set(here.kit.levels.values()) == {Level.TWO_FACTOR}

    class Key:
        traits = FactorTraits(proves="possession", phishing_resistant=True)

    keyed = replace(here.kit, factors={"key": Key()})  # type: ignore[dict-item]
    assert keyed.levels == {"key": Level.PHISHING_RESISTANT}


async def test_spare(here: Scene) -> None:
    """The stand-in shows by its name; where there is none, nothing does."""
    assert here.kit.spare == "backup_codes"
    assert replace(here.kit, factors={"totp": here.kit.factors["totp"]}).spare == ""


async def test_a_plugin_may_say_our_words_and_no_others() -> None:
    """Our errors pass; any other shows as a failure that names its kind and not its text."""

    async def says(error: Exception) -> None:
        raise error

    async def answers() -> int:
        return 7

    assert await from_plugin(answers(), SECOND) == 7
    with pytest.raises(ChallengeGone):
        await from_plugin(says(ChallengeGone()), SECOND)
    with pytest.raises(PluginFailed, match="plugin raised KeyError") as failed:
        await from_plugin(says(KeyError("s3cret")), SECOND)
    assert "s3cret" not in str(failed.value)
    with pytest.raises(PluginFailed, match="plugin raised TimeoutError"):
        await from_plugin(asyncio.Event().wait(), timedelta(milliseconds=1))


@pytest.mark.conforms("ASVS-11.5.1")
def test_ids_are_long_and_new_each_time() -> None:
    """A thousand ids show 192 bits each and no two alike."""
    made = {new_id() for _ in range(1000)}
    assert len(made) == 1000
    assert {len(one) for one in made} == {32}


async def test_a_token_is_in_no_repr(here: Scene) -> None:
    """What a flow returns to be put into a cookie shows no token when it is printed."""
    visit, token = await here.enter()
    assert token not in repr(Entered(visit.require_session(), token))


async def test_known_browsers_strangers_and_people_count_apart(here: Scene) -> None:
    """Five visits show five names for volume, so that none uses up another's."""
    visits = [here.stranger(), here.stranger(known=True), here.stranger(GRACE)]
    visits += [replace(here.stranger(), client=client) for client in (DESK, SHOP)]
    assert len({counted_under(visit) for visit in visits}) == 5
