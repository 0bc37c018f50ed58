"""Secrets that are named in the file and kept elsewhere."""

from pathlib import Path

import pytest

from sidecar.settings.references import MAX_FILE_BYTES, Missing, References, expand

ENV = {"USER_NAME": "ada", "EMPTY": "", "DEEP": "${USER_NAME}"}


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("${USER_NAME}", "ada"),
        ("x-${USER_NAME}-${USER_NAME}", "x-ada-ada"),
        ("${NONE:-plain}", "plain"),
        ("${NONE:-}", ""),
        ("${EMPTY:-plain}", "plain"),
        ("${NONE:-sqlite+aiosqlite:///data/x.db}", "sqlite+aiosqlite:///data/x.db"),
        ("$${USER_NAME}", "${USER_NAME}"),
        ("/a$", "/a$"),
        ("${DEEP}", "${USER_NAME}"),
    ],
)
def test_variables_are_put_in(text: str, value: str) -> None:
    """Names, defaults and escapes show that each becomes its value, and values are not read."""
    assert expand(text, ENV) == value


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("${NONE}", "environment variable NONE is not set"),
        ("${EMPTY}", "environment variable EMPTY is empty"),
        ("${1X}", "a reference is written"),
        ("file:/nowhere/x", "file /nowhere/x cannot be read: No such file or directory"),
    ],
)
def test_what_is_missing_is_named(text: str, said: str) -> None:
    """References that lead nowhere show that the message says which."""
    with pytest.raises(Missing, match=said.replace("$", r"\$")):
        expand(text, ENV)


def test_files_are_read_without_their_last_line_end(tmp_path: Path) -> None:
    """A secret's file shows that an editor's line end is no part of the secret."""
    path = tmp_path / "secret"
    path.write_bytes(b" tr\xc3\xa4umen \r\n")
    assert expand(f"file:{path}", {}) == " träumen "
    assert expand("file:${HERE}/secret", {"HERE": str(tmp_path)}) == " träumen "


def test_files_are_short_text(tmp_path: Path) -> None:
    """A binary and a huge file show that neither becomes a value."""
    path = tmp_path / "secret"
    for content, said in (
        (b"\xff", "is not UTF-8"),
        (b"x" * (MAX_FILE_BYTES + 1), "has more than"),
    ):
        path.write_bytes(content)
        with pytest.raises(Missing, match=said):
            expand(f"file:{path}", {})


def test_every_missing_reference_is_found() -> None:
    """A tree with two missing references shows that both are told, by place and not by value."""
    references = References({"A": "1"})
    data = references.data({"x": ["${A}", {"y": "${B}"}], "z": "${C}", "n": 5, "t": True})
    assert data == {"x": ["1", {"y": ""}], "z": "", "n": 5, "t": True}
    assert [finding.where for finding in references.findings] == [("x", 1, "y"), ("z",)]
