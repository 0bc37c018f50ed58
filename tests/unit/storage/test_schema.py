"""Which revisions this version works with."""

import pytest

from sidecar.storage import schema
from sidecar.storage.faults import StoreUnproven


def test_only_the_newest_revision_is_used() -> None:
    """The head passes; nothing, and an unknown revision, show what to do."""
    schema.judge_revision(schema.head())
    with pytest.raises(StoreUnproven, match="another program"):
        schema.judge_revision(None)
    with pytest.raises(StoreUnproven, match="another version"):
        schema.judge_revision("ffff")


def test_an_older_revision_can_be_moved_up(monkeypatch: pytest.MonkeyPatch) -> None:
    """A database of the version before shows the command that moves it."""
    older = schema.head()
    monkeypatch.setattr(schema, "head", lambda: "next")
    schema.judge_origin(older)
    with pytest.raises(StoreUnproven) as old:
        schema.judge_revision(older)
    assert old.value.hint == "sidecar migrate up"
