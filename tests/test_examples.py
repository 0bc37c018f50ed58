"""The example package: built, installed elsewhere, tried, and used by the whole sidecar."""

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from tests.vendors.peer import Heard, answer, listening
from tests.visitor import Page, Visitor
from tests.world import World, world

ROOT = Path(__file__).parent.parent
EXAMPLE = ROOT / "config" / "examples" / "chat_code"
FACTOR = "sidecar_chat_code.factor:PLUGIN"
RUN_S = 90

pytestmark = pytest.mark.timeout(RUN_S + 30)


def run(*command: str, cwd: Path, path: str, **variables: str) -> str:
    """Return what the command printed; it must succeed."""
    done = subprocess.run(
        (sys.executable, "-m", *command),
        cwd=cwd,
        env={**os.environ, "PYTHONPATH": path, **variables},
        timeout=RUN_S,
        text=True,
        capture_output=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy, so that building leaves nothing in the checkout."""
    return shutil.copytree(EXAMPLE, tmp_path_factory.mktemp("source") / "chat_code")


@pytest.fixture(scope="module")
def installed(source: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder that the package was installed into, without a network."""
    target = tmp_path_factory.mktemp("installed")
    alone = ("--no-deps", "--no-build-isolation", "--no-index", "--quiet")
    run("pip", "install", *alone, "--target", str(target), ".", cwd=source, path="")
    return target


def test_the_package_holds_its_files(installed: Path) -> None:
    """What was installed shows the prompt, the message and the catalog beside the code."""
    files = installed / "sidecar_chat_code" / "files"
    assert sorted(path.name for path in files.rglob("*") if path.is_file()) == [
        "chat_code.txt",
        "chat_name.html",
        "messages.po",
    ]


def test_the_installed_factor_keeps_every_promise(installed: Path, source: Path) -> None:
    """`sidecar plugins test`, away from the checkout's plugins, shows every promise kept."""
    tries = ("sidecar", "plugins", "test", FACTOR, "--options", "options.yaml")
    done = run(*tries, cwd=source, path=f"{installed}:{ROOT}")
    assert ", 0 broken, 0 not tried" in done


def test_its_own_tests_pass(source: Path) -> None:
    """The package's tests show that they run where they are."""
    done = run("pytest", "-q", "-p", "no:cacheprovider", ".", cwd=source, path=str(ROOT))
    assert re.search(r"\d+ passed", done)


def test_it_is_written_as_ours(source: Path) -> None:
    """The linter and the type checker show nothing, by the rules of this repository."""
    for rule in (("check",), ("format", "--check")):
        run("ruff", *rule, "--no-cache", str(EXAMPLE), cwd=ROOT, path="")
    rules = ("--config-file", str(ROOT / "pyproject.toml"), "--cache-dir", str(source / "mypy"))
    run("mypy", *rules, "src", "tests", cwd=source, path="", MYPYPATH=f"src:{ROOT}")


# --- in use ---------------------------------------------------------------------------------------


class Chat:
    """The company's chat: takes messages, and shows each person theirs."""

    def __init__(self) -> None:
        self.written: dict[str, list[str]] = {}

    def take(self, heard: Heard) -> bytes:
        told = json.loads(heard.body)
        self.written.setdefault(told["channel"], []).append(told["text"])
        return answer(200, "ok")

    def code(self, name: str) -> str:
        """Return the code that came last."""
        return [found[1] for text in self.written[name] if (found := re.match(r"(\d{6}) ", text))][
            -1
        ]


@asynccontextmanager
async def chatting(folder: Path, chat: Chat) -> AsyncIterator[World]:
    async with listening(chat.take) as peer:
        changes = {
            "factors": {"chat": {"plugin": FACTOR, "transport": "bot"}},
            "transports": {
                "bot": {
                    "plugin": "sidecar_chat_code.transport:PLUGIN",
                    "url": f"{peer.url}/hooks/x",
                    "private": True,
                }
            },
        }
        async with world(folder, changes=changes) as here:
            yield here


async def set_up(visitor: Visitor, chat: Chat) -> Page:
    """The person gives their name in the chat, and the code that came."""
    await visitor.sign_in("ada")
    invitation = await visitor.world.invite("ada")
    page = await visitor.open("/secret")
    assert "Chat message" in page.text
    page = await visitor.submit(page, "enroll/begin", factor="chat", invitation=invitation)
    assert "Your name in the chat" in page.text
    page = await visitor.submit(page, "enroll/finish", address="everybody please")
    assert "Check it for typing mistakes" in page.text
    page = await visitor.submit(page, "enroll/finish", address="Ada")
    return await visitor.submit(page, "enroll/finish", code=chat.code("@ada"))


async def test_people_sign_in_with_it(
    tmp_path: Path, installed: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A person who sets it up, and comes back in another browser, shows that codes by chat let
    them in, each once, and that nothing of ours knew of it.
    """
    monkeypatch.syspath_prepend(str(installed))
    chat = Chat()
    async with chatting(tmp_path, chat) as here:
        await set_up(here.visitor(), chat)
        first = chat.code("@ada")
        here.clock.travel(minutes=2)
        again = here.visitor()
        await again.sign_in("ada")
        page = await again.submit(await again.open("/secret"), "challenge/begin")
        used = chat.code("@ada")
        assert used != first
        page = await again.submit(page, "challenge/answer", code=used)
        assert (await again.open("/secret")).status == 200
        here.clock.travel(minutes=2)
        third = here.visitor()
        await third.sign_in("ada")
        page = await third.submit(await third.open("/secret"), "challenge/begin")
        page = await third.submit(page, "challenge/answer", code=used)
        assert page.status == 422


async def test_people_read_it_in_their_language(
    tmp_path: Path, installed: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A page in German shows the plugin's own German words, and so does the message."""
    monkeypatch.syspath_prepend(str(installed))
    chat = Chat()
    async with chatting(tmp_path, chat) as here:
        visitor = here.visitor()
        await visitor.sign_in("ada")
        page = await visitor.open("/_sidecar/enroll?lang=de")
        assert "Chat-Nachricht" in page.text
        invitation = await here.invite("ada")
        page = await visitor.submit(page, "enroll/begin", factor="chat", invitation=invitation)
        assert "Ihr Name im Chat" in page.text
        await visitor.submit(page, "enroll/finish", address="@ada")
    assert "ist Ihr Code für Shop auf app.test" in chat.written["@ada"][0]
