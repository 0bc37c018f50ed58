"""`sidecar users`: invite people, show them, reset their factors."""

import asyncio
import getpass
import os
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest
import typer
import yaml

from sidecar.cli import users
from sidecar.clock import utc_now
from sidecar.core.model import Authenticator, AuthenticatorStatus, Level, Person
from sidecar.flows.people import Dossier, People
from sidecar.settings.load import Loaded, load_settings
from sidecar.storage.setup import migrate_up
from sidecar.storage.sql import open_store
from sidecar.wiring import key_ring
from tests.clock import ManualClock
from tests.conformance.stores import NOW, authenticator, codes, event, session, trusted
from tests.unit.cli.conftest import Run
from tests.unit.flows.scene import quick_folder
from tests.world import KEY, REALM, settings_for


@dataclass(frozen=True, slots=True)
class Place:
    """A configuration with a store, and the command line to it."""

    run: Run
    loaded: Loaded
    folder: Path

    def users(self, *arguments: str) -> "tuple[int, str, str]":
        file = str(self.folder / "sidecar.yaml")
        done = self.run("users", *arguments, "--config", file, TEST_KEY=KEY)
        return done.exit_code, done.stdout, done.stderr

    def dossier(self, subject: str) -> Dossier:
        async def look() -> Dossier:
            database = self.loaded.settings.storage.database
            store = await open_store(database, key_ring(self.loaded), utc_now)
            try:
                return await People(store, utc_now).show(Person(REALM, subject))
            finally:
                await store.close()

        return asyncio.run(look())

    def hold(self, which: str) -> None:
        self._add(held(which, utc_now() + timedelta(hours=1)))

    def suspend(self, which: str) -> None:
        status = AuthenticatorStatus.SUSPENDED
        self._add(authenticator(which, last_used_at=None, status=status))

    def _add(self, new: Authenticator) -> None:
        async def add() -> None:
            database = self.loaded.settings.storage.database
            store = await open_store(database, key_ring(self.loaded), utc_now)
            try:
                async with store.begin() as tx:
                    await tx.authenticators.add(replace(new, person=Person(REALM, "ada")))
            finally:
                await store.close()

        asyncio.run(add())


@pytest.fixture
def place(run: Run) -> Iterator[Place]:
    with quick_folder() as folder:
        file = folder / "sidecar.yaml"
        file.write_text(yaml.safe_dump(settings_for("http://127.0.0.1:9", folder, 0, {})))
        loaded = load_settings(file, {"TEST_KEY": KEY}, ManualClock()())
        made = migrate_up(loaded.settings.storage.database, key_ring(loaded), utc_now, create=True)
        with ThreadPoolExecutor(1) as beside:
            beside.submit(asyncio.run, made).result()
        yield Place(run, loaded, folder)


def test_an_invitation_is_the_only_line_on_standard_output(place: Place) -> None:
    """An invitation shows a code that a script can take, its terms beside it, and who made it."""
    status, code, told = place.users("invite", "ada")
    assert status == 0
    assert len(code.strip().replace("-", "")) == 28
    assert "app_login:ada" in told
    assert "7 days" in told
    (made,) = place.dossier("ada").events
    assert (made.name, made.actor) == ("person.invited", f"operator:{getpass.getuser()}")


def test_a_person_is_shown_without_secrets(place: Place) -> None:
    """Somebody invited shows as not enrolled, with what happened; the code is not told again."""
    _, code, _ = place.users("invite", "app_login:ada")
    status, shown, _ = place.users("show", "ada")
    assert status == 0
    assert shown.startswith("app_login:ada: not enrolled")
    assert "person.invited by operator:" in shown
    assert code.strip() not in shown


def test_a_reset_wants_a_reason_and_keeps_it(place: Place) -> None:
    """A reset without a reason shows a usage error; with one, what it did and the audit row."""
    assert place.users("reset", "ada")[0] == 2
    assert place.users("reset", "ada", "--reason", "  ")[0] == 2
    assert place.dossier("ada").events == ()
    status, told, _ = place.users("reset", "ada", "--reason", " lost phone ")
    assert status == 0
    assert "0 authenticators removed" in told
    assert place.dossier("ada").events[0].details == {"reason": "lost phone"}


@pytest.mark.parametrize("command", [["invite", "ada"], ["show", "ada"]])
def test_a_store_that_cannot_be_used_is_told_with_a_hint(place: Place, command: list[str]) -> None:
    """A missing database shows status 78, what is wrong, what to run, and no new file."""
    (place.folder / "sidecar.db").unlink()
    status, _, told = place.users(*command)
    assert status == 78
    assert "there is no database" in told
    assert "try: sidecar migrate up --create" in told
    assert not (place.folder / "sidecar.db").exists()


def test_the_realm_may_be_left_out_while_there_is_one(place: Place) -> None:
    """A plain, a qualified and a subject with a colon show the person that is meant."""
    person_of = users.person_of
    assert person_of(place.loaded, "ada") == Person(REALM, "ada")
    assert person_of(place.loaded, f"{REALM}:ada") == Person(REALM, "ada")
    assert person_of(place.loaded, "urn:ada") == Person(REALM, "urn:ada")


def test_several_realms_must_be_told_apart(place: Place) -> None:
    """Two realms show that a subject without one is a usage error that lists them."""
    changes = {
        "identity": {
            "one": {"plugin": "forwarded_header", "from": ["127.0.0.1/32"], "header": "X-One"},
            "two": {"plugin": "forwarded_header", "from": ["127.0.0.1/32"], "header": "X-Two"},
        }
    }
    file = place.folder / "two.yaml"
    file.write_text(yaml.safe_dump(settings_for("http://127.0.0.1:9", place.folder, 0, changes)))
    loaded = load_settings(file, {"TEST_KEY": KEY}, ManualClock()())
    assert users.person_of(loaded, "two:ada") == Person("two", "ada")
    with pytest.raises(typer.BadParameter, match="one, two"):
        users.person_of(loaded, "ada")


def test_a_numeric_user_is_named_by_number(monkeypatch: pytest.MonkeyPatch) -> None:
    """A container's user without a name shows as its number in the trail."""

    def nameless() -> str:
        raise KeyError("getpwuid(): uid not found")

    monkeypatch.setattr(getpass, "getuser", nameless)
    assert users.operator() == f"operator:uid {os.getuid()}"


def test_a_dossier_reads_well() -> None:
    """A person with an app, spare codes, an unreadable one and a session shows a line each."""
    dossier = Dossier(
        None,
        (
            authenticator(last_used_at=None),
            authenticator("a2", codes("s1", "s2"), factor="backup_codes", name="Codes"),
            authenticator("a3", None, name="Old"),
            held("a4", NOW + timedelta(hours=1)),
            held("a5", NOW),
        ),
        (session(),),
        (event(),),
        (trusted(),),
    )
    lines = users.describe(Person("app", "ada"), dossier, NOW)
    assert lines[0] == "app:ada: not enrolled"
    assert lines[1:4] == [
        "  totp 'Phone': active, never used",
        "  backup_codes 'Codes': active, never used, 2 left",
        "  totp 'Old': unreadable, never used",
    ]
    until = f"{NOW + timedelta(hours=1):%F %R}"
    assert lines[4] == f"  key 'Key': active, never used, held until {until}; to approve: a4"
    assert lines[5] == "  key 'Key': active, never used"
    assert lines[7] == (
        f"  browser remembered {NOW:%F %R}, used {NOW:%F %R}, "
        f"until {NOW + timedelta(days=30):%F %R}"
    )
    assert len(lines) == 9


def held(which: str, until: datetime) -> Authenticator:
    return authenticator(
        which, factor="key", name="Key", level=Level.PHISHING_RESISTANT, held_until=until
    )


def test_a_suspended_authenticator_is_resumed_once(place: Place) -> None:
    """What a link suspended shows the id to resume it by; resuming works once, and is told."""
    which = "-begins-like-an-option"
    place.suspend(which)
    _, shown, _ = place.users("show", "ada")
    assert f"suspended, never used; to resume: {which}" in shown
    status, told, _ = place.users("resume", "ada", which)
    assert (status, told) == (0, "app_login:ada: totp 'Phone' works again\n")
    status, _, told = place.users("resume", "ada", which)
    assert (status, told) == (1, "app_login:ada: it is not suspended\n")
    status, _, told = place.users("resume", "ada", "other")
    assert (status, told) == (1, "app_login:ada: no such authenticator\n")
    (resumed,) = place.dossier("ada").events
    assert (resumed.name, resumed.details) == ("authenticator.resumed", {"factor": "totp"})


def test_a_held_authenticator_is_approved_once(place: Place) -> None:
    """An id that `show` prints shows that approving it works once, is told, and is in the trail;
    an id of nobody shows status 1.
    """
    which = "-begins-like-an-option"
    place.hold(which)
    status, shown, _ = place.users("show", "ada")
    assert f"to approve: {which}" in shown
    status, told, _ = place.users("approve", "ada", which)
    assert (status, told) == (0, "app_login:ada: key 'Key' counts in full\n")
    status, _, told = place.users("approve", "ada", which)
    assert (status, told) == (1, "app_login:ada: it is not held\n")
    status, _, told = place.users("approve", "ada", "other")
    assert (status, told) == (1, "app_login:ada: no such authenticator\n")
    (approved,) = place.dossier("ada").events
    assert (approved.name, approved.details) == ("authenticator.approved", {"factor": "key"})


def test_who_enrolled_is_not_invited(place: Place) -> None:
    """Somebody who has an app shows status 1 and why, and no code on standard output."""
    place.hold("app")
    status, code, told = place.users("invite", "ada")
    assert (status, code) == (1, "")
    assert told.startswith("app_login:ada: they enrolled already")
