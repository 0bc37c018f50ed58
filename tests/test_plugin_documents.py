"""What docs/plugins.md shows works as it stands there, and leaves nothing out."""

import os
import re
import subprocess
import sys
from dataclasses import fields
from pathlib import Path

import pytest

from sidecar.bundled import TEMPLATES
from sidecar.core.protocols import FactorTraits

ROOT = Path(__file__).parent.parent
TEXT = (ROOT / "docs" / "plugins.md").read_text(encoding="utf-8")
EXAMPLE = ROOT / "config" / "examples" / "chat_code"
RUN_S = 60

pytestmark = pytest.mark.timeout(RUN_S + 30)


def blocks(language: str, text: str = TEXT) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", text, re.DOTALL)


def block(*words: str) -> str:
    """Return the one block of Python that has all the words."""
    (found,) = (text for text in blocks("python") if all(word in text for word in words))
    return found


@pytest.fixture
def written(tmp_path: Path) -> Path:
    """A folder with the factor, its device and its test, each under the name that is shown."""
    files = {
        "counting.py": block("class Counting", "PLUGIN"),
        "counting_device.py": block("class Token", "secrets"),
        "test_counting.py": block("CASE", "parametrize"),
        "pytest.ini": "[pytest]\nasyncio_mode = auto\n"
        "asyncio_default_fixture_loop_scope = function\n",
    }
    for name, text in files.items():
        (tmp_path / name).write_text(text, encoding="utf-8")
    return tmp_path


def run(folder: Path, *command: str) -> str:
    done = subprocess.run(
        (sys.executable, "-m", *command),
        cwd=folder,
        env={**os.environ, "PYTHONPATH": f"{folder}:{ROOT}"},
        timeout=RUN_S,
        text=True,
        capture_output=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_the_factor_that_is_shown_keeps_every_promise(written: Path) -> None:
    """The command as it is shown, over the factor and device as they are shown, shows no fault."""
    (command,) = re.findall(r"^\$ sidecar (plugins test counting.*)$", TEXT, re.MULTILINE)
    assert ", 0 broken, 0 not tried" in run(written, "sidecar", *command.split())


def test_the_test_that_is_shown_passes(written: Path) -> None:
    """The test as it is shown passes, and shows one case for each check."""
    assert re.search(r"\d{2} passed", run(written, "pytest", "-q", "-p", "no:cacheprovider"))


@pytest.mark.parametrize(
    "quoted",
    [
        text
        for language in ("python", "html", "toml", "yaml")
        for text in blocks(
            language, TEXT.partition("## A package")[2].partition("## What a factor promises")[0]
        )
    ],
    ids=lambda text: text.splitlines()[0][:40],
)
def test_what_is_quoted_stands_in_the_example(quoted: str) -> None:
    """Each excerpt of the example shows that it is in one of its files, word for word."""
    files = (
        path
        for path in EXAMPLE.rglob("*")
        if path.suffix in {".py", ".html", ".txt", ".toml", ".yaml"}
    )
    assert any(quoted in path.read_text(encoding="utf-8") for path in files)


def test_every_prompt_is_in_the_table() -> None:
    """The templates of prompts show that the table has a row for each."""
    table = TEXT.partition("### Prompts\n")[2].partition("###")[0]
    rows = set(re.findall(r"^\| `([a-z_]+)` \|", table, re.MULTILINE))
    assert rows == {path.stem for path in (TEMPLATES / "prompts").glob("*.html")}


def test_every_trait_is_named() -> None:
    """The fields of FactorTraits show that the document names each."""
    assert [trait.name for trait in fields(FactorTraits) if f"`{trait.name}`" not in TEXT] == []
