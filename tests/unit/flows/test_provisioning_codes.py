"""Programs have spare codes made for people."""

from dataclasses import replace
from pathlib import Path

import pytest

from sidecar.core.api_errors import ProofNeeded
from sidecar.core.errors import (
    Conflict,
    NotFound,
    PluginFailed,
)
from sidecar.core.model import LookupCodes, Prompt, Started
from sidecar.flows.admission import adding
from tests.unit.flows.errands import CHIEF, DESK, Agency, errand
from tests.unit.flows.scene import ADA, Scene, Watched, scene, watched


async def test_codes_come_with_the_first_factor(here: Scene) -> None:
    """The first factor shows codes to be had without another proof, once; later sets replace it."""
    agency = Agency(here)
    phone = await agency.enroll()
    assert await agency.provisioning.spares(ADA) == "offered"
    made, codes = await agency.provisioning.codes(errand())
    assert len(set(codes)) == 8
    assert await agency.provisioning.spares(ADA) == "there"
    with pytest.raises(ProofNeeded) as needed:
        await agency.provisioning.codes(errand())
    assert needed.value.action == adding("backup_codes")
    await agency.prove(phone, action=adding("backup_codes"))
    again, others = await agency.provisioning.codes(errand())
    assert not {*codes} & {*others}
    found = await agency.provisioning.spare(ADA)
    assert found is not None
    assert (found.id, again.id != made.id) == (again.id, True)


async def test_codes_are_no_first_factor(here: Scene) -> None:
    """Somebody without a factor shows that codes would stand in for nothing, override or not."""
    for client in (DESK, CHIEF):
        with pytest.raises(Conflict):
            await Agency(here).provisioning.codes(errand(client))


async def test_the_override_makes_codes(here: Scene) -> None:
    """A program that may override shows new codes without a proof."""
    agency = Agency(here)
    await agency.enroll()
    await agency.provisioning.codes(errand())
    made, _ = await agency.provisioning.codes(errand(CHIEF))
    assert isinstance(made.material, LookupCodes)
    assert (await agency.details("authenticator.added"))["override"] is True


async def test_without_spares_there_are_none(folder: Path) -> None:
    """Where no spare factor is configured, codes show not to be there."""
    async with scene(folder, factors={"totp": watched("totp")}) as here:
        agency = Agency(here)
        await agency.enroll()
        assert await agency.provisioning.spares(ADA) == "not-configured"
        assert await agency.provisioning.spare(ADA) is None
        with pytest.raises(NotFound):
            await agency.provisioning.codes(errand())


class Mute(Watched):
    """Makes codes and does not show them."""

    async def begin_enrollment(self, *asked: object) -> Started:
        started = await super().begin_enrollment(*asked)  # type: ignore[arg-type]  # handed on
        return replace(started, prompt=Prompt("backup_code", {"left": 8}))


class Endless(Watched):
    """Asks for one more step, always."""

    async def finish_enrollment(self, *asked: object) -> Started:
        del asked
        return Started(Prompt("backup_code", {"left": 8}))


@pytest.mark.parametrize("kind", [Mute, Endless])
async def test_a_spare_that_cannot_be_made_at_once_is_broken(
    folder: Path, kind: type[Watched]
) -> None:
    """A spare factor that shows no codes, or asks for more, shows to be a plugin's failure."""
    factors = {"totp": watched("totp"), "backup_codes": watched("backup_codes", kind)}
    async with scene(folder, factors=factors) as here:
        agency = Agency(here)
        await agency.enroll()
        with pytest.raises(PluginFailed):
            await agency.provisioning.codes(errand())
