"""Commands at a desk: where they work, what they ask first, and how they fail."""

import asyncio
import getpass
import json
import os
import ssl
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from typing import Annotated

import pytest
import typer
import yaml
from aiohttp import web
from aiohttp.test_utils import TestServer
from typer.testing import CliRunner, Result

from sidecar.cli import desk
from sidecar.cli.showing import Told
from sidecar.client.operations import Operations
from sidecar.clock import utc_now
from sidecar.settings.load import load_settings
from sidecar.storage.setup import migrate_up
from sidecar.wiring import key_ring
from tests.certificates import self_signed
from tests.tools.ports import free_ports
from tests.unit.client.test_remote import problem
from tests.unit.flows.scene import quick_folder
from tests.vendors.names import server_tls
from tests.vendors.peer import Heard, Peer, answer, listening
from tests.world import KEY, settings_for

CONFIG = {"user_id": "app_login:ada", "enabled": True, "required": True, "enrolled_at": None}
Try = Callable[..., Result]

app = typer.Typer()


@app.callback()
def group() -> None:
    """A group as `users` is one."""


@desk.command(app, "add", asks="Add {name}?", ids=True)
async def add(
    sidecar: Operations,
    name: str,
    *,
    required: Annotated[bool, typer.Option("--required")] = False,
) -> Told:
    """Configure somebody."""
    made = await sidecar.create_config(name, required=required)
    return Told(made, (f"{made.user_id} required={made.required}",))


def run(*words: str, said: str = "", **env: str) -> Result:
    """Run the command beside the test's own loop."""
    everything = {"SIDECAR_API_URL": "", "SIDECAR_API_TOKEN": "", "TEST_KEY": KEY, **env}
    return CliRunner().invoke(app, list(words), input=said, env=everything)


async def beside(*words: str, **env: str) -> Result:
    return await asyncio.to_thread(run, *words, **env)


@pytest.fixture
def config() -> Iterator[Path]:
    with quick_folder() as folder:
        file = folder / "sidecar.yaml"
        file.write_text(yaml.safe_dump(settings_for("http://127.0.0.1:9", folder, 0, {})))
        loaded = load_settings(file, {"TEST_KEY": KEY}, utc_now())
        database = loaded.settings.storage.database
        asyncio.run(migrate_up(database, key_ring(loaded), utc_now, create=True))
        yield file


def configured(_heard: Heard) -> bytes:
    body = json.dumps({**CONFIG, "notified": [], "version": 1})
    return answer(201, body, "Connection: close")


@pytest.fixture
async def peer() -> AsyncIterator[Peer]:
    async with listening(configured) as peer:
        yield peer


def test_a_command_works_on_the_store_of_the_configuration(config: Path) -> None:
    """A command without an address shows that the store has what was done, by the operator."""
    done = run("add", "ada", "--required", "--yes", "--config", str(config))
    assert (done.exit_code, done.stdout) == (0, "app_login:ada required=True\n")
    again = run("add", "ada", "--yes", "--json", "--config", str(config))
    assert again.exit_code == 1
    assert again.stderr.startswith("conflict: this person is configured already")
    assert again.stderr.count("\n") == 1


async def test_a_command_works_at_a_running_sidecar(peer: Peer, tmp_path: Path) -> None:
    """A command with an address shows the call, with the token of a file, and its answer."""
    token = tmp_path / "token"
    token.write_text("sidecar_t0ken\n")
    words = ("add", "ada", "--yes", "--json", "--url", peer.url, "--token-file", str(token))
    done = await beside(*words, SIDECAR_API_TOKEN="another")
    assert json.loads(done.stdout)["user_id"] == "app_login:ada"
    (heard,) = peer.heard
    assert heard.header("Authorization") == "Bearer sidecar_t0ken"
    assert json.loads(heard.body)["user_id"] == "ada"


async def test_the_environment_may_say_where(peer: Peer) -> None:
    """Variables for address and token show the same."""
    done = await beside("add", "a", "--yes", SIDECAR_API_URL=peer.url, SIDECAR_API_TOKEN="t0ken")
    assert done.exit_code == 0
    assert peer.heard[0].header("Authorization") == "Bearer t0ken"


async def test_what_is_written_goes_before_the_environment(peer: Peer, config: Path) -> None:
    """A configuration in the command shows that the environment's address is not called."""
    words = ("add", "ada", "--yes", "--config", str(config))
    done = await beside(*words, SIDECAR_API_URL=peer.url)
    assert done.exit_code == 0
    assert peer.heard == []
    both = run(*words, "--url", peer.url)
    assert both.exit_code == 2
    assert "give one" in both.stderr


def test_nothing_is_lost_unasked(config: Path) -> None:
    """A command that asks shows that "no", and silence, change nothing; "yes" does."""
    words = ("add", "ada", "--config", str(config))
    for said in ("n\n", ""):
        done = run(*words, said=said)
        assert done.exit_code == 1
        assert "Add ada?" in done.stderr
        assert "app_login" not in done.stdout
    assert run(*words, said="y\n").exit_code == 0


async def test_a_question_says_where(peer: Peer) -> None:
    """A question about a running sidecar shows its address."""
    done = await beside("add", "ada", "--url", peer.url)
    assert f"({peer.url})" in done.stderr
    assert peer.heard == []


def test_an_id_may_begin_as_an_option_does(config: Path) -> None:
    """An argument with a dash before it, and the letter of an option in it, shows as it is."""
    done = run("add", "-ada-c-x", "--yes", "--config", str(config))
    assert done.stdout == "app_login:-ada-c-x required=False\n"


def test_a_store_that_cannot_be_used_is_told_with_a_hint(config: Path) -> None:
    """A missing database shows status 78, and what to run."""
    (config.parent / "sidecar.db").unlink()
    done = run("add", "ada", "--yes", "--config", str(config))
    assert done.exit_code == 78
    assert "try: sidecar migrate up --create" in done.stderr
    assert not (config.parent / "sidecar.db").exists()


def test_a_configuration_with_faults_is_told(config: Path) -> None:
    """A configuration that cannot be used shows status 78 and the fault."""
    config.write_text("nothing: here\n")
    done = run("add", "ada", "--yes", "--config", str(config))
    assert done.exit_code == 78
    assert "nothing" in done.stderr


@pytest.mark.parametrize(
    ("slug", "hint"),
    [
        ("token-missing", "SIDECAR_API_TOKEN"),
        ("token-refused", "sidecar tokens create"),
        ("scope-missing", "sidecar tokens create"),
    ],
)
async def test_who_may_not_is_told_what_to_do(peer: Peer, slug: str, hint: str) -> None:
    """Refusals of the client itself show one line, and another one with what to do."""
    peer.next_up.append(problem(401, slug))
    done = await beside("add", "ada", "--yes", "--url", peer.url)
    first, second = done.stderr.splitlines()
    assert (done.exit_code, first.startswith(slug)) == (1, True)
    assert hint in second


def test_a_sidecar_that_is_not_there_is_told_with_a_hint() -> None:
    """An address that nobody answers at shows one line with it, and one with what to look at."""
    url = f"http://127.0.0.1:{free_ports(1)[0]}"
    done = run("add", "ada", "--yes", "--url", url)
    assert done.exit_code == 1
    told, hint = done.stderr.splitlines()
    assert told == f"{url}: Connection refused"
    assert "once there is a token" in hint


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--url", "sidecar:8004"), "an address is"),
        (("--url", "http://sidecar:8004"), "over http"),
        (("--url", "https://sidecar", "--token-file", "/none/token"), "No such file"),
        (("--url", "https://sidecar", "--ca", "/none/ca.pem"), "No such file"),
    ],
)
def test_options_that_cannot_be_used_are_told(words: tuple[str, ...], said: str) -> None:
    """Wrong addresses and files show a usage error."""
    done = run("add", "ada", "--yes", *words)
    assert done.exit_code == 2
    assert said in " ".join(done.stderr.split())


async def test_certificates_may_be_given(tmp_path: Path) -> None:
    """Authorities and a certificate of ours show that both are used."""

    async def create(request: web.Request) -> web.Response:
        assert request.transport is not None
        assert request.transport.get_extra_info("peercert")
        return web.json_response({**CONFIG, "notified": [], "version": 1}, status=201)

    server, ours = self_signed(tmp_path, name="server"), self_signed(tmp_path, name="ours")
    asking = server_tls(server)
    asking.verify_mode = ssl.CERT_REQUIRED
    asking.load_verify_locations(ours)
    served = web.Application()
    served.router.add_post("/config", create)
    at = TestServer(served, scheme="https")
    await at.start_server(ssl=asking)
    words = ("add", "ada", "--yes", "--url", f"https://127.0.0.1:{at.port}")
    done = await beside(*words, "--ca", str(server), "--certificate", str(ours))
    await at.close()
    assert (done.exit_code, done.stderr) == (0, "")


def test_a_numeric_user_is_named_by_number(monkeypatch: pytest.MonkeyPatch) -> None:
    """A container's user without a name shows as its number."""

    def nameless() -> str:
        raise KeyError("getpwuid(): uid not found")

    monkeypatch.setattr(getpass, "getuser", nameless)
    assert desk.operator_name() == f"uid {os.getuid()}"
