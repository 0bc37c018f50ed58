"""`sidecar keys status`, `rotate` and `reseal`: root keys are replaced while everything goes on."""

import base64
import secrets
from collections.abc import Awaitable, Callable, Iterator
from typing import Annotated, TypeVar

import typer

from sidecar.cli.desk import Json
from sidecar.cli.key_steps import another_id, next_step, written
from sidecar.cli.loading import DEFAULT_PATH, ConfigOption, load
from sidecar.cli.opening import with_store
from sidecar.cli.progress import progress
from sidecar.cli.showing import Part, Told, show, table, visible
from sidecar.clock import utc_now
from sidecar.core.errors import Conflict
from sidecar.rotating import KeyState, Resealed, Rotation, Survey, peppers_of
from sidecar.settings.load import Loaded
from sidecar.storage.needs import Found
from sidecar.storage.vault import KEY_BYTES
from sidecar.wiring import key_ring

T = TypeVar("T")


def status(*, config: ConfigOption = DEFAULT_PATH, as_json: Json = False) -> None:
    """Show every root key, what needs it, and whether it can be dropped."""
    survey = with_rotation(load(config), Rotation.survey)
    rows = table("KEY STATE SINCE UNTIL ROWS CARRIED DROPPABLE", map(_row, survey.keys))
    show(Told(_told(survey), (rows, *_whys(survey))), as_json=as_json)


def rotate(
    *,
    config: ConfigOption = DEFAULT_PATH,
    new: Annotated[bool, typer.Option("--new", help="Begin: make a new key.")] = False,
    name: Annotated[str, typer.Option("--id", help="With --new: the id of the new key.")] = "",
    variable: Annotated[
        str, typer.Option("--env", help="With --new: the environment variable that will hold it.")
    ] = "",
    as_json: Json = False,
) -> None:
    """Say at which step a rotation is, and what to do next; nothing is changed."""
    loaded = load(config)
    survey = with_rotation(loaded, Rotation.survey)
    step = next_step(survey, loaded.settings.keys, replicas=loaded.settings.replicas)
    if new:
        _begin(loaded, survey, step.name, name=name, variable=variable)
        return
    told = {"step": step.name, "says": step.says, "todo": step.todo}
    show(Told(told, (step.says, *(f"  {line}" for line in step.todo))), as_json=as_json)
    if step.name == "back":
        raise typer.Exit(1)


def reseal(*, config: ConfigOption = DEFAULT_PATH, as_json: Json = False) -> None:
    """Make anew with the active key what older ones made, while every sidecar works on.

    Whoever is interrupted runs it again.
    """

    async def work(rotation: Rotation) -> tuple[Resealed, Survey]:
        with progress(await rotation.total()) as bar:
            outcome = await rotation.reseal(bar.tell)
        return outcome, await rotation.survey()

    outcome, survey = with_rotation(load(config), work)
    rows = table("TABLE RESEALED UNREADABLE", _counts(outcome))
    parts: tuple[Part, ...] = (rows, *_unreadable(outcome), *_busy(outcome), *_whys(survey))
    told = {
        "resealed": outcome.changed,
        "unreadable": outcome.unreadable,
        "still_sealing": outcome.busy,
        **_told(survey),
    }
    show(Told(told, parts), as_json=as_json)


def with_rotation(loaded: Loaded, work: Callable[[Rotation], Awaitable[T]]) -> T:
    """Return what the work returns; what cannot be done is told in one line."""
    ring = key_ring(loaded)
    try:
        return with_store(
            loaded, lambda store: work(Rotation(store, ring, peppers_of(loaded), utc_now))
        )
    except Conflict as fault:
        typer.echo(str(fault), err=True)
        raise typer.Exit(1) from None


def _begin(loaded: Loaded, survey: Survey, step: str, *, name: str, variable: str) -> None:
    """A new key is printed, with the lines that let every sidecar open with it."""
    if step != "none":
        typer.echo("a rotation is under way: finish it first (sidecar keys rotate)", err=True)
        raise typer.Exit(1)
    ids = [key.id for key in survey.keys]
    chosen = name or another_id(ids)
    if chosen in ids:
        typer.echo(f"there is, or was, a key {visible(chosen)}; a new key needs a new id", err=True)
        raise typer.Exit(1)
    held = variable or f"ENCRYPTION_KEY_{chosen.upper().replace('-', '_').replace('.', '_')}"
    value = base64.b64encode(secrets.token_bytes(KEY_BYTES)).decode()
    typer.echo(f"{held}={value}")
    lines = written(loaded.settings.keys, active=survey.active.id, new=(chosen, held))
    for line in (
        "# in sidecar.yaml of every sidecar; then restart each, one after the other:",
        *lines,
    ):
        typer.echo(line)


# --- what is shown --------------------------------------------------------------------------------


def _row(key: KeyState) -> tuple[object, ...]:
    known = key.known
    since, until = (known.active_at, known.retired_at) if known else (None, None)
    rows = sum(found.rows for found in key.needs)
    carried = sum(found.rows for found in key.made)
    return (key.id, _state(key), since, until, rows, carried, key.droppable)


def _state(key: KeyState) -> str:
    if key.known is not None and key.known.distrusted_at is not None:
        return "leaked" if key.listed else "leaked, gone"
    if not key.listed:
        return "gone"
    return "active" if key.active else "decrypt"


def _whys(survey: Survey) -> Iterator[str]:
    """Yield why keys cannot be dropped, and what would change that."""
    if survey.sealing != survey.active.id:
        yield f"sidecars make everything with {survey.sealing}: see `sidecar keys rotate`"
    needed = [key for key in survey.keys if key.listed and not key.active and key.needs]
    for key in needed:
        for found in key.needs:
            yield f"{key.id}: {found.rows} {found.need.what} with it{_ends(found)}"
    if needed and survey.sealing == survey.active.id:
        yield "run: sidecar keys reseal"


def _ends(found: Found) -> str:
    return "" if found.until is None else f", until {found.until:%F %R} UTC at the latest"


def _counts(outcome: Resealed) -> Iterator[tuple[object, ...]]:
    for name, changed in outcome.changed.items():
        yield (name, changed, len(outcome.unreadable.get(name, ())))


def _unreadable(outcome: Resealed) -> Iterator[str]:
    """Yield which rows stay as they are: no key opens them, or they were changed by others."""
    for name, rows in outcome.unreadable.items():
        more = f" and {len(rows) - 5} more" if len(rows) > 5 else ""  # noqa: PLR2004 - a line's worth
        yield f"{name}: does not open, or was changed: {', '.join(rows[:5])}{more}"


def _busy(outcome: Resealed) -> Iterator[str]:
    for key, places in outcome.busy.items():
        yield f"{', '.join(places)} still makes everything with {key}: restart it, run this again"


def _told(survey: Survey) -> dict[str, object]:
    return {
        "sealing": survey.sealing,
        "processes": [{"place": one.place, "keys": one.keys} for one in survey.processes],
        "keys": [_key(key) for key in survey.keys],
    }


def _key(key: KeyState) -> dict[str, object]:
    known = key.known
    return {
        "id": key.id,
        "state": _state(key),
        "created_at": known and known.created_at,
        "active_at": known and known.active_at,
        "retired_at": known and known.retired_at,
        "dropped_at": known and known.dropped_at,
        "distrusted_at": known and known.distrusted_at,
        "droppable": key.droppable,
        "needs": [_found(found) for found in key.needs],
        "made": [_found(found) for found in key.made],
        "kept": sorted(key.kept),
    }


def _found(found: Found) -> dict[str, object]:
    need = found.need
    return {"table": need.table, "what": need.what, "rows": found.rows, "until": found.until}
