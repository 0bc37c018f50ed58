"""`sidecar keys status`, `rotate` and `reseal`, from one key to the next."""

import asyncio
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml
from typer.testing import Result

from sidecar.clock import utc_now
from sidecar.settings.load import load_settings
from sidecar.storage.setup import migrate_up
from sidecar.storage.sql import open_store
from sidecar.wiring import key_ring
from tests.conformance.ringed import fill
from tests.unit.cli.conftest import Run
from tests.unit.flows.scene import quick_folder
from tests.world import KEY, settings_for

NAMES = ["k1", "k2"]


@dataclass
class Installation:
    """A configuration file, its database, and what an operator types."""

    run: Run
    folder: Path
    env: dict[str, str]

    @property
    def file(self) -> Path:
        return self.folder / "sidecar.yaml"

    def write(self, keys: object) -> None:
        changes = {"keys": keys}
        settings = settings_for("http://127.0.0.1:9", self.folder, 0, changes)
        self.file.write_text(yaml.safe_dump(settings))

    def keys(self, *words: str) -> Result:
        return self.run("keys", *words, "--config", str(self.file), **self.env)

    def told(self, *words: str) -> Any:  # noqa: ANN401 - what JSON says
        done = self.keys(*words, "--json")
        assert done.exit_code == 0, done.output
        return json.loads(done.stdout)

    def follow(self) -> str:
        """The file says what the present step asks for; return the step."""
        step = self.told("rotate")
        if step["todo"] and step["todo"][0] == "keys:":
            self.write(yaml.safe_load("\n".join(step["todo"]))["keys"])
        return str(step["step"])

    def restart(self, *, filled: bool = False) -> None:
        """A sidecar has started with the file as it is, and stopped."""
        loaded = load_settings(self.file, self.env, utc_now())

        async def serve() -> None:
            url, ring = loaded.settings.storage.database, key_ring(loaded)
            store = await open_store(url, ring, utc_now)
            if filled:
                await fill(store)
            await store.close()

        asyncio.run(serve())


@pytest.fixture
def here(run: Run) -> Iterator[Installation]:
    """Lend an installation with one key, under which everything was made."""
    with quick_folder() as folder:
        made = Installation(run, folder, {"TEST_KEY": KEY})
        made.write([{"id": "k1", "from": {"env": "TEST_KEY"}}])
        loaded = load_settings(made.file, made.env, utc_now())
        url = loaded.settings.storage.database
        asyncio.run(migrate_up(url, key_ring(loaded), utc_now, create=True))
        made.restart(filled=True)
        yield made


def test_a_rotation_from_beginning_to_end(here: Installation) -> None:
    """An operator who does what each step says shows every step once, and one key in the end."""
    assert here.follow() == "none"
    made = here.keys("rotate", "--new")
    variable, _, value = made.stdout.splitlines()[0].partition("=")
    here.env[variable] = value
    here.write(yaml.safe_load(made.stdout.partition("\n")[2])["keys"])
    assert here.follow() == "everywhere"
    here.restart()
    assert here.follow() == "activate"
    assert here.follow() == "restart"
    here.restart()
    assert here.follow() == "reseal"
    done = here.told("reseal")
    assert done["resealed"]["authenticators"] == 6
    assert (done["unreadable"], done["still_sealing"]) == ({}, {})
    assert here.follow() == "drop"
    here.restart()
    assert here.follow() == "none"
    states = {key["id"]: key["state"] for key in here.told("status")["keys"]}
    assert states == {"k1": "gone", "k2": "active"}
    assert "k1" not in here.file.read_text()


def turned(here: Installation) -> None:
    """A new key makes everything, and nothing was resealed yet."""
    here.env["NEXT"] = here.run("keys", "generate", "--bare").stdout.strip()
    here.write(
        [
            {"id": "k1", "from": {"env": "TEST_KEY"}, "state": "decrypt"},
            {"id": "k2", "from": {"env": "NEXT"}},
        ]
    )
    here.restart()


def test_the_state_says_why_a_key_stays(here: Installation) -> None:
    """A table shows both keys and what needs the older one; JSON the same, with moments."""
    turned(here)
    shown = here.keys("status").stdout
    assert re.search(r"^k1 +decrypt .* no$", shown, re.MULTILINE)
    assert re.search(r"^k2 +active .* no$", shown, re.MULTILINE)
    assert "k1: 6 authenticators are sealed with it\n" in shown
    assert shown.rstrip().endswith("run: sidecar keys reseal")
    older, newer = here.told("status")["keys"]
    assert (older["id"], older["droppable"], older["kept"]) == ("k1", False, [])
    assert {need["table"] for need in older["needs"]} >= {"authenticators", "audit_events"}
    assert (older["retired_at"] is None, newer["retired_at"]) == (False, None)


def test_a_row_that_was_changed_is_told(here: Installation) -> None:
    """A tampered row shows by its id after a resealing, and that the key stays for it."""
    turned(here)
    from tests.unit.storage.databases import change

    change(here.folder, "UPDATE authenticators SET level = 3 WHERE id = 'a1'")
    shown = here.keys("reseal")
    assert shown.exit_code == 0
    assert "authenticators: does not open, or was changed: a1" in shown.stdout
    assert "k1: 1 authenticators are sealed with it" in shown.stdout


def test_a_step_too_early_is_refused(here: Installation) -> None:
    """A resealing before any sidecar has the key, and a second new key, show a refusal."""
    turned(here)
    again = here.keys("rotate", "--new")
    assert (again.exit_code, again.stdout) == (1, "")
    assert "under way" in again.stderr
    here.env["THIRD"] = here.run("keys", "generate", "--bare").stdout.strip()
    here.write(
        [
            {"id": "k1", "from": {"env": "TEST_KEY"}, "state": "decrypt"},
            {"id": "k2", "from": {"env": "NEXT"}, "state": "decrypt"},
            {"id": "k3", "from": {"env": "THIRD"}},
        ]
    )
    early = here.keys("reseal")
    assert (early.exit_code, early.stdout) == (1, "")
    assert "restart" in early.stderr


def test_a_new_key_has_a_new_id(here: Installation) -> None:
    """An id that is or was taken shows a refusal; one of the operator's own is used."""
    taken = here.keys("rotate", "--new", "--id", "k1")
    assert (taken.exit_code, taken.stdout) == (1, "")
    made = here.keys("rotate", "--new", "--id", "spring", "--env", "SPRING_KEY").stdout
    assert made.startswith("SPRING_KEY=")
    assert "{id: spring, from: {env: SPRING_KEY}, state: decrypt}" in made
