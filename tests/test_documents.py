"""What the documents show in code works as it stands there."""

import re
from datetime import UTC, datetime
from pathlib import Path

import pytest

from sidecar.core.slugs import slugs
from sidecar.settings.faults import ConfigError
from sidecar.settings.load import load_settings
from sidecar.settings.schema import Settings
from tests.tools.reference import TABLES, renewed

ROOT = Path(__file__).parent.parent
NOW = datetime(2026, 1, 1, tzinfo=UTC)


def loads(path: Path) -> list[str]:
    """The faults that `sidecar check --without-secrets` finds in a file."""
    try:
        load_settings(path, {}, NOW, secrets=False)
    except ConfigError as error:
        return [str(fault) for fault in error.faults if not fault.warning]
    return []


@pytest.mark.parametrize(
    "path",
    [
        ROOT / "sidecar.yaml",
        ROOT / "tests/tools/image.yaml",
        *sorted((ROOT / "config").glob("*.yaml")),
    ],
    ids=lambda path: path.name,
)
def test_examples_have_no_faults(path: Path) -> None:
    """Every configuration that is shipped shows that the check finds nothing wrong with it."""
    assert loads(path) == []


def test_the_configuration_of_the_readme_has_no_faults(tmp_path: Path) -> None:
    """The configuration of the README shows that it works as it stands, and is short."""
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    shown = re.findall(r"```yaml\n(.*?)```", text, re.DOTALL)
    assert len(shown) == 1
    path = tmp_path / "sidecar.yaml"
    path.write_text(shown[0], encoding="utf-8")
    assert loads(path) == []
    assert len(shown[0].splitlines()) <= 10


def test_the_transports_that_are_shown_have_no_faults(tmp_path: Path) -> None:
    """The transports of the documents show that they work as they stand there."""
    text = (ROOT / "docs" / "transports.md").read_text(encoding="utf-8")
    (shown,) = re.findall(r"```yaml\n(.*?)```", text, re.DOTALL)
    path = tmp_path / "sidecar.yaml"
    path.write_text((ROOT / "config" / "minimal.yaml").read_text(encoding="utf-8") + shown, "utf-8")
    assert loads(path) == []


def documentation() -> str:
    return "\n".join(
        path.read_text(encoding="utf-8")
        for path in (ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md")))
    )


def test_links_of_the_documents_lead_somewhere() -> None:
    """Links between the documents show that what they point at exists."""
    broken = [
        f"{path.name}: {target}"
        for path in (*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"))
        for target in re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", path.read_text(encoding="utf-8"))
        if not (path.parent / target).exists()
    ]
    assert broken == []


def test_every_problem_is_documented() -> None:
    """The slugs of the error tree show that each is explained where programs' authors look."""
    text = documentation()
    assert sorted(slug for slug in slugs() if f"`{slug}`" not in text) == []


@pytest.mark.parametrize("target", ["setup", "demo", "test", "check", "coverage", "screenshots"])
def test_the_readme_names_what_make_does(target: str) -> None:
    """Targets of the Makefile show that the README names them."""
    assert f"make {target}" in (ROOT / "README.md").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    "document",
    dict.fromkeys(where for where, _, _ in TABLES),
)
def test_documents_keep_up_with_the_code(document: str) -> None:
    """Every setting, plugin option and transition shows that the documents say what the code does.

    `python -m tests.tools.reference` writes the tables anew.
    """
    assert (ROOT / document).read_text(encoding="utf-8") == renewed(document)


def test_every_section_is_in_the_readme() -> None:
    """The sections of sidecar.yaml show that the README names each."""
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    assert [name for name in Settings.model_fields if f"`{name}`" not in text] == []
