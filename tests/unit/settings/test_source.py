"""Strict YAML with line numbers."""

from pathlib import Path

import pytest

from sidecar.settings.source import MAX_BYTES, read_source, read_text


def test_only_true_and_false_are_truth_values() -> None:
    """Words that YAML 1.1 takes for something else show that they stay the text they are."""
    text = "{a: off, b: yes, c: 1:30, d: 2026-12-31, e: 0x10, f: 010, g: 1_000, h: True, i: .inf}"
    assert read_text(text, "x").data == {
        "a": "off",
        "b": "yes",
        "c": "1:30",
        "d": "2026-12-31",
        "e": "0x10",
        "f": "010",
        "g": "1_000",
        "h": "True",
        "i": ".inf",
    }


def test_plain_values_are_what_they_look_like() -> None:
    """Numbers, truth values and nothing show that they are read as such, quoted ones as text."""
    text = "{a: 5, b: -1.5, c: true, d: false, e: null, f: ~, g: , h: '5', 7: x}"
    assert read_text(text, "x").data == {
        "a": 5,
        "b": -1.5,
        "c": True,
        "d": False,
        "e": None,
        "f": None,
        "g": None,
        "h": "5",
        "7": "x",
    }


def test_endless_digits_stay_text() -> None:
    """A number of 5000 digits shows that it is no reason to fail."""
    data = read_text("a: " + "9" * 5000, "x").data
    assert isinstance(data, dict)
    assert isinstance(data["a"], str)


def test_lines_are_those_of_the_keys() -> None:
    """Nested keys and items show that each knows its line."""
    lines = read_text("a:\n  b:\n    - x\n    - {c: 1,\n       d: 2}\n", "x").places
    wheres = (("a",), ("a", "b"), ("a", "b", 1), ("a", "b", 1, "d"), ("a", "b", 1, "e"), ("z",))
    assert [lines.line(where) for where in wheres] == [1, 2, 4, 5, 4, 1]


def test_repeated_keys_are_told_at_their_line() -> None:
    """A key that is written three times shows that the second and third are told."""
    found = read_text("a: 1\nb: 2\na: 3\na: 4\n", "x")
    assert found.data == {"a": 1, "b": 2}
    assert [(finding.line, finding.message) for finding in found.findings] == [
        (3, "the key is already written in line 1"),
        (4, "the key is already written in line 1"),
    ]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("a: !!python/object/apply:os.system [x]", "the YAML tag tag:yaml.org,2002:python"),
        ("a: !!bool yes", "the YAML tag tag:yaml.org,2002:bool is not used here"),
        ("a: !!int x", "the YAML tag tag:yaml.org,2002:int is not used here"),
        ("a: !secret x", "the YAML tag !secret is not used here"),
        ("? [a, b]\n: c", "a key is no plain text"),
        ("a: 1\n---\nb: 2", "not YAML: expected a single document"),
        ("a: *missing", "not YAML: found undefined alias"),
        ("a: [1, 2", "not YAML: while parsing a flow sequence"),
        ("a: 'x", "not YAML: while scanning a quoted scalar"),
        ("\ta: 1", "not YAML: while scanning for the next token"),
        ("# nothing", "is empty"),
        ("[" * 1500, "not YAML"),
    ],
)
def test_what_is_not_plain_data_is_told(text: str, said: str) -> None:
    """Tags, odd keys, several documents and broken text show that each is a finding."""
    found = read_text(text, "x").findings
    assert any(said in finding.message for finding in found), found


def test_tags_of_sequences_are_told() -> None:
    """A list with a tag of its own shows that no object is ever made of it."""
    found = read_text("a: !!python/tuple [1]\nb: !!set {x}", "x").findings
    assert [finding.where for finding in found] == [("a",), ("b",)]


def test_aliases_cannot_expand_without_end() -> None:
    """A small file that would grow to millions of values shows that reading it stops."""
    rows = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    rows += [f"a{n}: &a{n} [" + ", ".join([f"*a{n - 1}"] * 10) + "]" for n in range(1, 9)]
    found = read_text("\n".join(rows), "x").findings
    assert any("more than 20000 values" in finding.message for finding in found)


def test_files_have_a_limit_and_an_encoding(tmp_path: Path) -> None:
    """A huge file, a folder and a file in Latin-1 show that each is told."""
    (tmp_path / "huge").write_bytes(b"#" * (MAX_BYTES + 1))
    (tmp_path / "latin").write_bytes("a: ä".encode("latin-1"))
    (tmp_path / "marked").write_bytes(b"\xef\xbb\xbfa: 1")
    said = [read_source(tmp_path / name).findings for name in ("huge", "latin", ".")]
    assert [found[0].message for found in said] == [
        f"has more than {MAX_BYTES} bytes",
        "is not UTF-8 at byte 3",
        "cannot be read: Is a directory",
    ]
    assert read_source(tmp_path / "marked").data == {"a": 1}
