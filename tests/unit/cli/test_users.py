"""`sidecar users`: the same commands on a store, and at a running sidecar."""

import asyncio
import getpass
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from datetime import timedelta
from io import StringIO

import pytest
import pytest_asyncio
from structlog.testing import capture_logs
from typer.testing import CliRunner, Result

from sidecar.api.users import Dossier
from sidecar.cli.main import build
from sidecar.cli.showing import draw
from sidecar.cli.users import described
from sidecar.core.model import AuthenticatorStatus, Level, Person
from tests.conformance.stores import NOW, authenticator
from tests.programs import Office, office
from tests.unit.flows.scene import quick_folder
from tests.world import KEY, REALM

together = pytest.mark.asyncio(loop_scope="module")
HERE, AFAR = "here", "afar"
HELD = {"level": Level.PHISHING_RESISTANT, "held_until": NOW + timedelta(days=9999)}
SUSPENDED = {"status": AuthenticatorStatus.SUSPENDED}


@dataclass(frozen=True, slots=True)
class Users:
    """The commands: on the store of a sidecar that runs, or at its management API."""

    at: Office
    where: tuple[str, ...]
    token: str
    actor: str

    async def __call__(self, *words: str, said: str = "") -> Result:
        command = ("users", *words, *self.where)
        env = {"TEST_KEY": KEY, "SIDECAR_API_TOKEN": self.token, "SIDECAR_API_URL": ""}
        runner = CliRunner()
        return await asyncio.to_thread(
            runner.invoke, build(command), list(command), env=env, input=said
        )

    async def line(self, *words: str) -> str:
        """Return what a command that must work printed."""
        done = await self(*words)
        assert done.exit_code == 0, done.output
        return done.stdout.rstrip("\n")

    async def refusal(self, *words: str) -> str:
        """Return the one line of a command that must fail."""
        done = await self(*words)
        assert (done.exit_code, done.stdout) == (1, ""), done.output
        (line,) = done.stderr.splitlines()
        return line

    async def add(self, user: str, which: str, **changes: object) -> None:
        """Somebody has one more authenticator."""
        new = replace(authenticator(which), person=Person(REALM, user))
        new = replace(new, **changes)  # type: ignore[arg-type]  # the test says what it changes
        async with self.at.store.begin() as tx:
            await tx.accounts.ensure(new.person, NOW)
            await tx.authenticators.add(new)

    async def acts(self, user: str) -> list[str]:
        """Return what happened to somebody, newest last; all of it was done by whoever calls."""
        found = await self.at.events(user)
        assert {actor for _, actor, _ in found} <= {self.actor}
        return [name for name, _, _ in reversed(found)]


@pytest_asyncio.fixture(scope="module", loop_scope="module", params=[HERE, AFAR])
async def users(request: pytest.FixtureRequest) -> AsyncIterator[Users]:
    """One sidecar for all tests; each has people of its own."""
    with quick_folder() as folder, capture_logs():
        async with office(folder) as (_, at):
            program = await at.program()
            if request.param == AFAR:
                where = ("--url", program.base)
                yield Users(at, where, program.text, program.token.client.actor)
            else:
                where = ("--config", str(folder / "sidecar.yaml"))
                yield Users(at, where, "", f"operator:{getpass.getuser()}")


@together
async def test_people_are_listed_page_by_page(users: Users) -> None:
    """Pages, and all of them at once, show people by name; only those who are asked for."""
    for name in ("lea", "leb", "lec"):
        await users.line("invite", name)
    found, after = list[str](), ""
    while after is not None:
        cursor = ("--cursor", after) if after else ()
        page = json.loads(await users.line("list", "--limit", "2", "--json", *cursor))
        found += [one["user_id"] for one in page["users"]]
        after = page["next"]
    assert [name for name in found if ":le" in name] == [
        *("app_login:lea", "app_login:leb", "app_login:lec")
    ]
    rows = (await users.line("list", "--all", "--realm", REALM)).splitlines()
    assert [row.split()[0] for row in rows] == ["USER", *found]
    assert "--all" in (await users("list", "--limit", "1")).stderr
    assert ":le" not in await users.line("list", "--all", "--enrolled")


@together
async def test_people_are_invited_renamed_and_erased(users: Users) -> None:
    """Somebody who is invited, renamed and erased shows as long as they are there."""
    made = await users("invite", "ian", "--life", "1d")
    assert len(made.stdout.strip().replace("-", "")) == 28
    assert "for app_login:ian, valid until" in made.stderr
    assert await users.acts("ian") == ["person.invited"]
    assert await users.line("rename", "ian", "ivy", "--yes") == "app_login:ivy is the name now"
    await users.line("invite", "ida")
    assert (await users.refusal("rename", "ida", "ivy", "--yes")).startswith("conflict: ")
    assert "about erased:" in await users.line("delete", "ivy", "--yes")
    assert (await users.refusal("delete", "ivy", "--yes")).startswith("not-found: ")
    assert "ivy" not in await users.line("list", "--all")


@together
async def test_a_person_is_shown_and_reset(users: Users) -> None:
    """What somebody has shows in full without a secret; a reset wants a reason, and keeps it."""
    code = await users.line("invite", "sue")
    await users.add("sue", "-begins-like-an-option", name="Key", factor="key", **HELD)
    shown = await users.line("show", "sue")
    assert shown.startswith("app_login:sue: not enrolled")
    assert "-begins-like-an-option" in shown
    assert "person.invited" in shown
    assert code not in shown
    [held] = json.loads(await users.line("show", "sue", "--json"))["authenticators"]
    assert (held["factor"], held["name"]) == ("key", "Key")
    assert (await users("reset", "sue", "--yes")).exit_code == 2
    assert "/reason" in await users.refusal("reset", "sue", "--yes", "--reason", "  ")
    told = await users.line("reset", "sue", "--yes", "--reason", " lost phone ")
    assert told == "app_login:sue: 1 authenticators removed, signed out everywhere"
    name, _, details = (await users.at.events("sue"))[0]
    assert (name, details["reason"]) == ("person.reset", "lost phone")
    assert (await users.refusal("show", "nobody")).startswith("not-found: ")


@together
async def test_authenticators_are_approved_and_resumed_once(users: Users) -> None:
    """Ids that `show` prints show that each works once, is told, and is in the trail."""
    await users.add("amy", "-a-held-authenticator", factor="key", name="Key", **HELD)
    await users.add("amy", "-a-suspended-one", **SUSPENDED)
    for verb, which, told in (
        ("approve", "-a-held-authenticator", "app_login:amy: key 'Key' counts in full"),
        ("resume", "-a-suspended-one", "app_login:amy: totp 'Phone' works again"),
    ):
        assert await users.line(verb, "amy", which) == told
        for user, what, slug in (
            ("amy", "nobodys-id", "not-found"),
            ("bob", which, "not-found"),
        ):
            assert (await users.refusal(verb, user, what)).startswith(f"{slug}: ")
    again = await users.refusal("approve", "amy", "-a-held-authenticator")
    assert again.startswith("conflict: ")
    assert set(await users.acts("amy")) == {"authenticator.approved", "authenticator.resumed"}


@together
async def test_people_are_switched_off_on_and_unlocked(users: Users) -> None:
    """Switching off asks first; each switch and the unlocking show in words and in the trail."""
    await users.add("dan", "an-authenticator")
    asked = await users("disable", "dan", said="n\n")
    assert asked.exit_code == 1
    assert "Accept none of dan's factors" in asked.stderr
    assert await users.acts("dan") == []
    told = await users.line("disable", "dan", "--yes", "--reason", "on leave")
    assert told == "app_login:dan: disabled, signed out everywhere"
    assert "disabled" in (await users.line("show", "dan")).splitlines()[0]
    assert "app_login:dan" in await users.line("list", "--all", "--disabled")
    reset = await users("reset", "dan", "--yes", "--reason", "x")
    assert "sidecar users enable" in reset.stderr
    assert await users.line("enable", "dan") == "app_login:dan: enabled"
    assert await users.line("unlock", "dan") == "app_login:dan: may try again at once"
    assert [name for name in await users.acts("dan") if name.startswith("person.")] == [
        *("person.disabled", "person.reset", "person.enabled", "person.unlocked")
    ]


@pytest.mark.parametrize("words", [("invite", "ada", "--life", "soon"), ("list", "--limit", "0")])
def test_a_wrong_command_line_is_told(words: tuple[str, ...]) -> None:
    """Values that make no sense show a usage error."""
    command = ("users", *words, "--url", "http://127.0.0.1:1")
    assert CliRunner().invoke(build(command), list(command)).exit_code == 2


SEEN = {"user_agent": "Firefox \x1b[2J", "network": "203.0.113.0/24"}
TIMES = {"last_used_at": NOW, "expires_at": NOW}
ITEM = {
    "id": "i",
    "user_id": "app:ada",
    "factor": "totp",
    "name": "Phone",
    "status": "active",
    "usable": True,
    "level": "two_factor",
    "held_until": None,
    "created_at": NOW,
    "last_used_at": None,
    "detail": "",
    "left": None,
}
SESSION = {
    "id": "s",
    "user_id": "app:ada",
    "level": "two_factor",
    "factors": ("totp",),
    "remembered": False,
    "created_at": NOW,
    "last_seen_at": NOW,
    "expires_at": NOW,
    **SEEN,
}
EVENT = {
    "id": 1,
    "at": NOW,
    "name": "person.reset",
    "user_id": "app:ada",
    "actor": "self",
    "request_id": "",
    "details": {"reason": "x", "n": 1},
}
DOSSIER = {
    "user_id": "app:ada",
    "enabled": False,
    "required": True,
    "created_at": NOW,
    "enrolled_at": NOW,
    "authenticators": (
        ITEM,
        {**ITEM, "factor": "backup_codes", "left": 2, "last_used_at": NOW},
        {**ITEM, "name": "Old", "usable": False},
        {**ITEM, "status": "suspended", "usable": False, "held_until": NOW},
    ),
    "sessions": (SESSION,),
    "browsers": ({"factor": "totp", "proven_at": NOW, **TIMES, **SEEN},),
    "events": (EVENT,),
}


def test_a_dossier_reads_well() -> None:
    """A person with everything that there can be shows a line, and a table for each kind."""
    dossier = Dossier.model_validate(DOSSIER)
    out = StringIO()
    draw(described(dossier), out, terminal=False)
    lines = [" ".join(line.split()) for line in out.getvalue().splitlines()]
    at = f"{NOW:%F %R}"
    assert lines == [
        f"app:ada: enrolled {at}, disabled, must keep a factor",
        "FACTOR NAME STATE USED LEFT HELD-UNTIL ID",
        "totp Phone active - - - i",
        f"backup_codes Phone active {at} 2 - i",
        "totp Old unusable - - - i",
        f"totp Phone suspended - - {at} i",
        "SIGNED-IN SEEN UNTIL LEVEL NETWORK BROWSER",
        f"{at} {at} {at} two_factor 203.0.113.0/24 Firefox \ufffd[2J",
        "REMEMBERED USED UNTIL FACTOR NETWORK BROWSER",
        f"{at} {at} {at} totp 203.0.113.0/24 Firefox \ufffd[2J",
        "AT EVENT BY DETAILS",
        f"{at} person.reset self reason=x n=1",
    ]
