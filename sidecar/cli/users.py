"""`sidecar users`: look at people, invite them, help them, switch them off, erase them."""

from collections.abc import Iterator
from typing import Annotated

import typer

from sidecar.api.authenticators import Authenticator
from sidecar.api.histories import Event
from sidecar.api.sessions import Session
from sidecar.api.users import Dossier, RememberedBrowser, User
from sidecar.api.words import MAX_PAGE, PAGE
from sidecar.cli import porting
from sidecar.cli.desk import command
from sidecar.cli.showing import Part, Told, table, visible
from sidecar.client.calls import pages
from sidecar.client.operations import Operations
from sidecar.core.durations import parse_duration

app = typer.Typer(
    name="users",
    help="Look at people, invite them, help them, move them, erase them.",
    no_args_is_help=True,
)

Subject = Annotated[str, typer.Argument(help="`subject`, or `realm:subject`.")]
Which = Annotated[str, typer.Argument(help="The authenticator's id, as `show` prints it.")]
Why = Annotated[str, typer.Option("--reason", help="Why; kept in the audit trail.")]


@app.callback()
def users() -> None:
    """Look at people, invite them, help them, move them, erase them."""


@command(app, "list")
async def listed(
    sidecar: Operations,
    *,
    realm: Annotated[str, typer.Option(help="Only people of this realm.")] = "",
    enabled: Annotated[
        bool | None, typer.Option("--enabled/--disabled", help="Only those who are.")
    ] = None,
    enrolled: Annotated[
        bool | None, typer.Option("--enrolled/--not-enrolled", help="Only those who are.")
    ] = None,
    limit: Annotated[int, typer.Option(min=1, max=MAX_PAGE, help="How many at most.")] = PAGE,
    cursor: Annotated[str, typer.Option(help="Go on where a page ended.")] = "",
    everybody: Annotated[bool, typer.Option("--all", help="All pages.")] = False,
) -> Told:
    """Print people in the order of their names, a page of them or all."""
    found, after = list[User](), cursor or None
    asked = pages(
        sidecar.list_users,
        realm=realm or None,
        enabled=enabled,
        enrolled=enrolled,
        limit=MAX_PAGE if everybody else limit,
        cursor=after,
    )
    async for page in asked:
        found += page.users
        after = page.next
        if not everybody:
            break
    rows = table("USER ENABLED REQUIRED ENROLLED KNOWN-SINCE", map(_row, found))
    more = f"there are more: --all, or --cursor {after}" if after else ""
    return Told({"users": found, "next": after}, (rows,), more)


@command(app, "show")
async def show(sidecar: Operations, subject: Subject) -> Told:
    """Print what the person has set up, where they are signed in, and what happened lately."""
    found = await sidecar.read_user(subject)
    return Told(found, tuple(described(found)))


@command(app, "invite")
async def invite(
    sidecar: Operations,
    subject: Subject,
    *,
    life: Annotated[str, typer.Option(help="How long it opens anything, up to 30d.")] = "7d",
) -> Told:
    """Print a single-use code that opens the person's first enrollment."""
    made = await sidecar.invite(subject, life_s=_seconds(life))
    until = f"{visible(made.expires_at)} UTC"
    terms = f"for {visible(made.user_id)}, valid until {until}, works once; shown only now"
    return Told(made, (made.code,), terms)


@command(app, "approve", ids=True)
async def approve(sidecar: Operations, subject: Subject, authenticator: Which) -> Told:
    """Let an authenticator that is held count in full from now on."""
    found = await sidecar.approve_authenticator(authenticator, subject)
    return Told(found, (f"{_named(found)} counts in full",))


@command(app, "resume", ids=True)
async def resume(sidecar: Operations, subject: Subject, authenticator: Which) -> Told:
    """Let what a notice's link suspended work again: it was the person after all."""
    found = await sidecar.change_authenticator(authenticator, subject, status="active")
    return Told(found, (f"{_named(found)} works again",))


@command(app, "unlock")
async def unlock(sidecar: Operations, subject: Subject, *, reason: Why = "") -> Told:
    """Let the person try again at once; what too many failures disabled stays so."""
    done = await sidecar.unlock_user(subject, reason=reason or None)
    return Told(done, (f"{visible(done.user_id)}: may try again at once",))


@command(app, "enable")
async def enable(sidecar: Operations, subject: Subject, *, reason: Why = "") -> Told:
    """Let the person's factors count again."""
    done = await sidecar.enable(subject, reason=reason or None)
    return Told(done, (f"{visible(done.user_id)}: enabled",))


@command(app, "disable", asks="Accept none of {subject}'s factors, and sign them out everywhere?")
async def disable(sidecar: Operations, subject: Subject, *, reason: Why = "") -> Told:
    """Accept none of the person's factors and sign them out; what they have set up stays."""
    done = await sidecar.disable(subject, reason=reason or None)
    return Told(done, (f"{visible(done.user_id)}: disabled, signed out everywhere",))


@command(app, "reset", asks="Remove everything {subject} has set up, and sign them out everywhere?")
async def reset(
    sidecar: Operations,
    subject: Subject,
    *,
    reason: Annotated[str, typer.Option(help="Why; kept in the audit trail.")],
) -> Told:
    """Remove everything the person has set up and sign them out; they enroll as if new."""
    done = await sidecar.reset_user(subject, reason=reason.strip())
    line = f"{visible(done.user_id)}: {done.removed} authenticators removed, signed out everywhere"
    off = "" if done.enabled else "they are disabled still: sidecar users enable"
    return Told(done, (line,), off)


@command(app, "rename", asks="Call {subject} {name} from now on, and sign them out everywhere?")
async def rename(
    sidecar: Operations,
    subject: Subject,
    name: Annotated[str, typer.Argument(help="Their new subject, in the same realm.")],
) -> Told:
    """Give the person another name; everything of theirs goes along."""
    done = await sidecar.rename_user(subject, name)
    return Told(done, (f"{visible(done.user_id)} is the name now",))


@command(app, "delete", asks="Erase {subject}? Everything of theirs is lost")
async def delete(sidecar: Operations, subject: Subject) -> Told:
    """Erase the person; tries and the audit trail stay, under a pseudonym."""
    done = await sidecar.erase_user(subject)
    return Told(done, (f"erased; what is kept is about erased:{done.pseudonym}",))


porting.mount(app)


def described(found: Dossier) -> Iterator[Part]:
    """Yield what shows a person; no secret is in it."""
    enrolled = f"enrolled {visible(found.enrolled_at)}" if found.enrolled_at else "not enrolled"
    more = (("disabled", not found.enabled), ("must keep a factor", found.required))
    yield f"{visible(found.user_id)}: " + ", ".join(
        [enrolled, *(word for word, holds in more if holds)]
    )
    held, signed_in = found.authenticators, found.sessions
    if held:
        yield table("FACTOR NAME STATE USED LEFT HELD-UNTIL ID", map(_held, held))
    if signed_in:
        yield table("SIGNED-IN SEEN UNTIL LEVEL NETWORK BROWSER", map(_signed_in, signed_in))
    if found.browsers:
        yield table("REMEMBERED USED UNTIL FACTOR NETWORK BROWSER", map(_browser, found.browsers))
    if found.events:
        yield table("AT EVENT BY DETAILS", map(_event, found.events))


def _row(one: User) -> tuple[object, ...]:
    return (one.user_id, one.enabled, one.required, one.enrolled_at, one.created_at)


def _held(one: Authenticator) -> tuple[object, ...]:
    usable = one.usable or one.status != "active"
    state = one.status if usable else "unusable"
    return (one.factor, one.name, state, one.last_used_at, one.left, one.held_until, one.id)


def _signed_in(one: Session) -> tuple[object, ...]:
    until = one.expires_at
    return (one.created_at, one.last_seen_at, until, one.level, one.network, one.user_agent)


def _browser(one: RememberedBrowser) -> tuple[object, ...]:
    until = one.expires_at
    return (one.proven_at, one.last_used_at, until, one.factor, one.network, one.user_agent)


def _event(one: Event) -> tuple[object, ...]:
    details = " ".join(
        f"{name}={visible(value)}" for name, value in one.details.items() if value != ""
    )
    return (one.at, one.name, one.actor, details)


def _named(found: Authenticator) -> str:
    return f"{visible(found.user_id)}: {visible(found.factor)} {visible(found.name)!r}"


def _seconds(life: str) -> int:
    try:
        return int(parse_duration(life).total_seconds())
    except ValueError as wrong:
        raise typer.BadParameter(str(wrong), param_hint="--life") from wrong
