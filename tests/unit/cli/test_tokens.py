"""`sidecar tokens`: who may call the management API."""

import asyncio
import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import yaml

from sidecar.core.clients import Scope
from sidecar.settings.load import load_settings
from sidecar.storage.setup import migrate_up
from sidecar.wiring import key_ring
from tests.clock import ManualClock
from tests.unit.cli.conftest import Run
from tests.unit.flows.scene import quick_folder
from tests.world import KEY, settings_for

Tokens = Callable[..., Any]


@pytest.fixture
def tokens(run: Run) -> Iterator[Tokens]:
    with quick_folder() as folder:
        file = folder / "sidecar.yaml"
        file.write_text(yaml.safe_dump(settings_for("http://127.0.0.1:9", folder, 0, {})))
        loaded = load_settings(file, {"TEST_KEY": KEY}, ManualClock()())
        database = loaded.settings.storage.database
        asyncio.run(migrate_up(database, key_ring(loaded), ManualClock(), create=True))
        yield lambda *words: run("tokens", *words, "--config", str(file), TEST_KEY=KEY)


def test_a_token_is_shown_once(tokens: Tokens) -> None:
    """Making a token shows it alone on standard output; the list shows all but the token."""
    made = tokens("create", "--name", "shop", "--scope", "config:read", "--scope", "users:read")
    text = made.stdout.strip()
    assert (made.exit_code, text.startswith("sidecar_"), "\n" in text) == (0, True, False)
    assert "shown only now" in made.stderr
    [listed] = json.loads(tokens("list", "--json").stdout)
    assert (listed["name"], listed["scopes"]) == ("shop", ["config:read", "users:read"])
    assert text not in json.dumps(listed)
    assert "live" in tokens("list").stdout


def test_a_token_can_be_taken_back(tokens: Tokens) -> None:
    """A revoked token shows so; what is no token shows one line and a failure."""
    made = json.loads(
        tokens("create", "--name", "shop", "--scope", "all", "--expires", "1d", "--json").stdout
    )
    assert made["scopes"] == sorted(Scope)
    assert tokens("revoke", "--yes", made["id"]).exit_code == 0
    assert "revoked" in tokens("list").stdout
    again = tokens("revoke", "--yes", made["id"])
    assert (again.exit_code, again.stderr.count("\n")) == (1, 1)


def test_a_token_is_not_taken_back_unasked(tokens: Tokens) -> None:
    """A revocation without an answer shows the question, and a token that lives on."""
    made = json.loads(tokens("create", "--name", "shop", "--scope", "users:read", "--json").stdout)
    asked = tokens("revoke", made["id"])
    assert asked.exit_code == 1
    assert f"Revoke {made['id']}?" in asked.stderr
    [row] = tokens("list").stdout.splitlines()[1:]
    assert row.split()[:3] == [made["id"], "live", "shop"]


@pytest.mark.parametrize(
    ("words", "status", "said"),
    [
        (("--scope", "everything"), 2, "config:read"),
        (("--scope", "config:read", "--expires", "soon"), 2, "--expires"),
        (("--scope", "config:read", "--expires", "400d"), 1, "366 days"),
        (("--scope", "config:read", "--network", "10.0.0.1/8"), 1, "no network"),
    ],
)
def test_what_makes_no_sense_is_told(
    tokens: Tokens, words: tuple[str, ...], status: int, said: str
) -> None:
    """Wrong scopes, times and networks show what is expected, and no token is made."""
    done = tokens("create", "--name", "shop", *words)
    assert done.exit_code == status
    assert said in done.stderr + done.stdout
    assert tokens("list", "--json").stdout.strip() == "[]"
