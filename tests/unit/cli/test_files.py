"""Files that only their owner may read."""

from pathlib import Path

import pytest

from sidecar.cli.files import private_file, write_private


def test_nobody_else_reads_it(tmp_path: Path) -> None:
    """A file shows to be its owner's alone, also where it was everybody's before."""
    path = tmp_path / "rejects.jsonl"
    path.write_text("what was there before")
    path.chmod(0o644)
    with private_file(path) as file:
        file.write("new")
    assert path.read_text() == "new"
    assert path.stat().st_mode & 0o777 == 0o600


def test_a_new_file_replaces_nothing(tmp_path: Path) -> None:
    """Where there is a file, a new one shows an error and the old content."""
    path = tmp_path / "key"
    write_private(path, "one")
    with pytest.raises(FileExistsError):
        write_private(path, "two")
    assert path.read_text() == "one"
