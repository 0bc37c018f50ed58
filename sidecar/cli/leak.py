"""`sidecar keys revoke-all-seeds`: after a leak of keys and database."""

from dataclasses import asdict
from typing import Annotated

import typer

from sidecar.cli.asking import require_yes
from sidecar.cli.desk import Json, Yes, operator_name
from sidecar.cli.loading import DEFAULT_PATH, ConfigOption, load
from sidecar.cli.opening import with_store
from sidecar.cli.progress import progress
from sidecar.cli.showing import Told, show, visible
from sidecar.clock import utc_now
from sidecar.flows.leaked import Leaked, Revoked
from sidecar.flows.signed_in import SignOuts
from sidecar.rotating import Rotation, Survey, peppers_of
from sidecar.settings.load import Loaded
from sidecar.storage.sql import SqlStore
from sidecar.wiring import key_ring, remembering


def revoke_all_seeds(
    *,
    factor: Annotated[
        str, typer.Option("--factor", help="Only this factor's, by its name in sidecar.yaml.")
    ] = "",
    yes: Yes = False,
    config: ConfigOption = DEFAULT_PATH,
    as_json: Json = False,
) -> None:
    """After a leak of keys and database: disable every secret that people share with the sidecar.

    Everybody is signed out and needs recovery, or another factor. Interrupted, run it again.
    """
    loaded = load(config)
    with_store(loaded, lambda store: _revoke(loaded, store, factor, yes=yes, as_json=as_json))


async def _revoke(
    loaded: Loaded, store: SqlStore, factor: str, *, yes: bool, as_json: bool
) -> None:
    rotation = Rotation(store, key_ring(loaded), peppers_of(loaded), utc_now)
    leaked = _leaked(loaded, store)
    people = await leaked.count(factor)
    if not yes:
        what = f"what {visible(factor)} made" if factor else "every shared secret"
        require_yes(
            f"Disable {what} of {people} people for good, and sign everybody out?"
            " They need recovery, or another factor"
        )
    with progress(people) as bar:
        done = await leaked.revoke(f"operator:{operator_name()}", bar.tell, factor=factor)
    distrusted = await rotation.distrust()
    survey = await rotation.survey()
    told = {**asdict(done), "distrusted": distrusted}
    show(Told(told, (_said(done),), "\n".join(_next(survey))), as_json=as_json)


def _leaked(loaded: Loaded, store: SqlStore) -> Leaked:
    """Return what revokes; of factors that write to people the material is but an address."""
    levels = remembering(loaded.settings).among(loaded.levels)
    ends = SignOuts(store, utc_now, idle=loaded.settings.session.idle, levels=levels)
    spared = [item.name for item in loaded.factors if item.factor and item.factor.channel]
    return Leaked(store, utc_now, ends, spared=spared)


def _said(done: Revoked) -> str:
    return (
        f"{done.authenticators} authenticators of {done.people} people are disabled;"
        f" {done.sessions} sessions ended, {done.browsers} browsers are forgotten;"
        f" {done.stranded} people need recovery"
    )


def _next(survey: Survey) -> list[str]:
    """Return what is left to do: a key that leaked is of use while any sidecar has it."""
    active = survey.active
    older = [key.id for key in survey.keys if key.listed and not key.active]
    if not older and active.known is not None and active.known.distrusted_at is None:
        only = f"{active.id} is the only key: if it leaked, replace it (sidecar keys rotate --new)"
        return [f"{only}, or what people set up from now on is open to whoever has it"]
    todo = (
        "reseal, then take {} out of `keys:` and restart every sidecar: until then they believe it"
    )
    return [todo.format(", ".join(older))] if older else []
