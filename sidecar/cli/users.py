"""`sidecar users`: invite people, show them, approve, resume or reset their factors."""

import asyncio
import getpass
import os
from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Annotated, TypeVar

import typer

from sidecar.cli import porting
from sidecar.cli.loading import DEFAULT_PATH, ConfigOption, load, refused
from sidecar.clock import utc_now
from sidecar.core.errors import Conflict, IdentityUnavailable, NotFound, StoreUnavailable
from sidecar.core.model import (
    Authenticator,
    AuthenticatorId,
    AuthenticatorStatus,
    LookupCodes,
    Person,
)
from sidecar.core.subjects import Fold, subject_of
from sidecar.flows.holdings import Holdings
from sidecar.flows.people import Dossier, People
from sidecar.settings.load import Loaded
from sidecar.storage.faults import StoreUnproven
from sidecar.storage.sql import SqlStore, open_store
from sidecar.wiring import key_ring

T = TypeVar("T")

app = typer.Typer(
    name="users",
    help="Invite people, show them, approve, resume or reset their factors.",
    no_args_is_help=True,
)

Subject = Annotated[str, typer.Argument(help="`subject`, or `realm:subject`.")]


porting.mount(app)


@app.callback()
def users() -> None:
    """Invite people, show them, approve, resume or reset their factors."""


@app.command("invite")
def invite(subject: Subject, config: ConfigOption = DEFAULT_PATH) -> None:
    """Print a single-use code that opens the person's first enrollment; valid for 7 days."""
    loaded = load(config)
    person = person_of(loaded, subject)
    code = _told(person, lambda: _with_people(loaded, lambda it: it.invite(person, operator())))
    typer.echo(code)
    typer.echo(f"for {person.user_id}, valid for 7 days, works once; shown only now", err=True)


@app.command("show")
def show(subject: Subject, config: ConfigOption = DEFAULT_PATH) -> None:
    """Print what the person has set up, where they are signed in, and what happened lately."""
    loaded = load(config)
    person = person_of(loaded, subject)
    dossier = _with_people(loaded, lambda people: people.show(person))
    for line in describe(person, dossier, utc_now()):
        typer.echo(line)


@app.command("approve", context_settings={"ignore_unknown_options": True})
def approve(
    subject: Subject,
    authenticator: Annotated[str, typer.Argument(help="Its id, as `show` prints it.")],
    config: ConfigOption = DEFAULT_PATH,
) -> None:
    """Let an authenticator that is held count in full from now on."""
    loaded = load(config)
    person, by, which = person_of(loaded, subject), operator(), AuthenticatorId(authenticator)
    found = _changed(person, loaded, lambda holdings: holdings.approve(person, which, by))
    typer.echo(f"{person.user_id}: {found.factor} {found.name!r} counts in full")


@app.command("resume", context_settings={"ignore_unknown_options": True})
def resume(
    subject: Subject,
    authenticator: Annotated[str, typer.Argument(help="Its id, as `show` prints it.")],
    config: ConfigOption = DEFAULT_PATH,
) -> None:
    """Let what a notice's link suspended work again: it was the person after all."""
    loaded = load(config)
    person, by, which = person_of(loaded, subject), operator(), AuthenticatorId(authenticator)
    found = _changed(person, loaded, lambda holdings: holdings.resume(person, which, by))
    typer.echo(f"{person.user_id}: {found.factor} {found.name!r} works again")


@app.command("reset")
def reset(
    subject: Subject,
    reason: Annotated[str, typer.Option(help="Why; kept in the audit trail.")],
    config: ConfigOption = DEFAULT_PATH,
) -> None:
    """Remove everything the person has set up and sign them out; they enroll as if new."""
    if not reason.strip():
        raise typer.BadParameter("say why", param_hint="--reason")
    loaded = load(config)
    person, by = person_of(loaded, subject), operator()
    gone = _with_people(loaded, lambda people: people.reset(person, by, reason.strip()))
    typer.echo(f"{person.user_id}: {gone} authenticators removed, signed out everywhere")


def operator() -> str:
    """Return who runs the command, as the trail names them; a container's user has no name."""
    try:
        return f"operator:{getpass.getuser()}"
    except (KeyError, OSError):
        return f"operator:uid {os.getuid()}"


def person_of(loaded: Loaded, subject: str) -> Person:
    """Return the person that an operator means; the realm may be left out while there is one.

    Raises:
        typer.BadParameter: several realms are configured and none is named.

    """
    realms = sorted({source.realm for source in loaded.sources})
    realm, mark, rest = subject.partition(":")
    if mark and realm in realms:
        return _person(loaded, realm, rest)
    if len(realms) == 1:
        return _person(loaded, realms[0], subject)
    raise typer.BadParameter(f"write realm:subject; there is {', '.join(realms)}")


def _person(loaded: Loaded, realm: str, subject: str) -> Person:
    """Return the person under the name that the realm's sources give them."""
    options = [source.options for source in loaded.sources if source.realm == realm]
    folds: tuple[Fold, ...] = getattr(options[0], "normalize", ())
    try:
        return Person(realm, subject_of(subject, folds))
    except IdentityUnavailable as refused_subject:
        raise typer.BadParameter(str(refused_subject)) from refused_subject


def describe(person: Person, dossier: Dossier, now: datetime) -> list[str]:
    """Return the lines that show a person now; no secret is in them."""
    account = dossier.account
    enrolled = account.enrolled_at if account else None
    lines = [f"{person.user_id}: " + (f"enrolled {enrolled:%F %R}" if enrolled else "not enrolled")]
    for item in dossier.authenticators:
        used = f"used {item.last_used_at:%F %R}" if item.last_used_at else "never used"
        left = f", {item.material.left} left" if isinstance(item.material, LookupCodes) else ""
        state = item.status.value if item.material is not None else "unreadable"
        until = item.held(now)
        held = f", held until {until:%F %R}; to approve: {item.id}" if until else ""
        if item.status is AuthenticatorStatus.SUSPENDED:
            held = f"; to resume: {item.id}"
        lines.append(f"  {item.factor} {item.name!r}: {state}, {used}{left}{held}")
    lines += [
        f"  session since {session.created_at:%F %R}, last seen {session.last_seen_at:%F %R}"
        for session in dossier.sessions
    ]
    lines += [
        f"  browser remembered {browser.created_at:%F %R}, used {browser.last_used_at:%F %R}, "
        f"until {browser.expires_at:%F %R}"
        for browser in dossier.browsers
    ]
    lines += [f"  {event.at:%F %R} {event.name} by {event.actor}" for event in dossier.events]
    return lines


def _changed(
    person: Person, loaded: Loaded, work: Callable[[Holdings], Awaitable[Authenticator]]
) -> Authenticator:
    return _told(person, lambda: _with_store(loaded, lambda it: work(Holdings(it, utc_now))))


def _told(person: Person, work: Callable[[], T]) -> T:
    """Return what the work returns; what cannot be is told in one line."""
    try:
        return work()
    except (NotFound, Conflict) as fault:
        typer.echo(f"{person.user_id}: {fault}", err=True)
        raise typer.Exit(1) from None


def _with_people(loaded: Loaded, work: Callable[[People], Awaitable[T]]) -> T:
    return _with_store(loaded, lambda store: work(People(store, utc_now)))


def _with_store(loaded: Loaded, work: Callable[[SqlStore], Awaitable[T]]) -> T:
    """Return what the work returns; a store that cannot be used is told in one line."""

    async def run() -> T:
        store = await open_store(loaded.settings.storage.database, key_ring(loaded), utc_now)
        try:
            return await work(store)
        finally:
            await store.close()

    try:
        return asyncio.run(run())
    except (StoreUnproven, StoreUnavailable) as fault:
        raise refused(fault) from fault
