"""Which revisions this version works with."""

import sys
from subprocess import run

import pytest
from alembic.script import ScriptDirectory

from sidecar.storage import revisions
from sidecar.storage.faults import StoreUnproven
from sidecar.storage.schema import _config

NEWEST = revisions.REVISIONS[-1]


def test_every_migration_is_known() -> None:
    """The list shows what the migrations say of themselves, in their order."""
    scripts = ScriptDirectory.from_config(_config())
    found = tuple(script.revision for script in scripts.walk_revisions())
    assert tuple(reversed(found)) == revisions.REVISIONS


def test_only_the_newest_revision_is_used() -> None:
    """The head passes; nothing, and an unknown revision, show what to do."""
    revisions.judge_revision(NEWEST)
    with pytest.raises(StoreUnproven, match="another program"):
        revisions.judge_revision(None)
    with pytest.raises(StoreUnproven, match="another version"):
        revisions.judge_revision("ffff")


def test_an_older_revision_can_be_moved_up(monkeypatch: pytest.MonkeyPatch) -> None:
    """A database of the version before shows the command that moves it."""
    monkeypatch.setattr(revisions, "REVISIONS", (NEWEST, "next"))
    revisions.judge_origin(NEWEST)
    with pytest.raises(StoreUnproven) as old:
        revisions.judge_revision(NEWEST)
    assert old.value.hint == "sidecar migrate up"


def test_serving_needs_no_migrations() -> None:
    """The server's imports show that they leave out what only other commands need."""
    look = "import sidecar.cli.serve, sys; print(*sys.modules)"
    loaded = run((sys.executable, "-c", look), capture_output=True, check=True, text=True).stdout
    assert not {"alembic", "mako", "rich.console", "fido2", "redis", "sentry_sdk"} & set(loaded.split())
