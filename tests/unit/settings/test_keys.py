"""Root keys: found where they are kept, refused where they can be guessed."""

import base64
import sys
from pathlib import Path

import pytest

from sidecar.settings.keys import WeakKey, decode_key
from tests.unit.settings import build

GOOD = bytes(7 * n * n % 256 ^ n * 13 % 256 for n in range(32))


def coded(raw: bytes) -> str:
    return base64.b64encode(raw).decode()


@pytest.mark.parametrize("text", [coded(GOOD), f" {coded(GOOD)}\n", coded(GOOD).rstrip("=")])
def test_drawn_bytes_are_a_key(text: str) -> None:
    """32 mixed bytes in any usual spelling show that they are taken."""
    assert decode_key(text) == GOOD
    assert decode_key(base64.urlsafe_b64encode(GOOD).decode()) == GOOD


@pytest.mark.conforms("ASVS-11.5.1")
@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "has 0 bytes"),
        ("changeme", "has 6 bytes"),
        ("not base64!", "is no base64"),
        (coded(GOOD[:31]), "has 31 bytes"),
        (coded(GOOD + b"x"), "has 33 bytes"),
        (coded(bytes(32)), "repeats itself"),
        (coded(b"abcdefgh" * 4), "repeats itself"),
        (coded(bytes(range(32))), "repeats itself"),
        (coded(bytes(range(64, 0, -2))), "repeats itself"),
        (coded(b"correct horse battery staple 123"), "was typed, not drawn"),
    ],
)
def test_guessable_keys_are_refused(text: str, said: str) -> None:
    """Short, repeated, counted and typed keys show that none of them protects anything."""
    with pytest.raises(WeakKey, match=said) as caught:
        decode_key(text)
    assert not text or text not in str(caught.value)


def test_keys_come_from_variables_files_and_commands(tmp_path: Path) -> None:
    """All three places show that the same text is found there."""
    other = coded(GOOD[::-1])
    (tmp_path / "key").write_text(f"{other}\n")
    third = coded(bytes(byte ^ 0x5A for byte in GOOD))
    loaded = build.load(
        {"KEY": coded(GOOD)},
        keys=[
            {"id": "a", "from": {"env": "KEY"}},
            {"id": "b", "from": {"file": str(tmp_path / "key")}, "state": "decrypt"},
            {
                "id": "c",
                "from": {"command": [sys.executable, "-c", f"print({third!r})"]},
                "state": "decrypt",
            },
        ],
    )
    assert [coded(key.secret) for key in loaded.keys] == [coded(GOOD), other, third]
    assert [key.active for key in loaded.keys] == [True, False, False]


@pytest.mark.parametrize(
    ("source", "said"),
    [
        ({"env": "NONE"}, "environment variable NONE is not set"),
        ({"file": "/nowhere/key"}, "file /nowhere/key cannot be read: No such file or directory"),
        ({"command": ["/nowhere/tool"]}, "command /nowhere/tool cannot be run: FileNotFoundError"),
        ({"command": [sys.executable, "-c", "raise SystemExit(3)"]}, "failed with status 3"),
        ({"command": [sys.executable, "-c", "print('secret!')"]}, "the key is no base64"),
    ],
)
def test_missing_keys_are_told_with_the_way_to_make_one(
    source: dict[str, object], said: str
) -> None:
    """Keys that cannot be had show which, and the command that makes one."""
    (told,) = build.faults(keys=[{"id": "k", "from": source}])
    assert told.startswith(f"keys[0].from.{next(iter(source))}: ")
    assert said in told
    assert told.endswith("(make one with: sidecar keys generate)")
    assert "secret!" not in told


def test_one_key_is_active_and_none_occurs_twice() -> None:
    """Rings without an active key, with two, with equal ids and equal keys show each fault."""
    env = {"A": coded(GOOD), "B": coded(GOOD[::-1])}
    a, b = {"id": "a", "from": {"env": "A"}}, {"id": "b", "from": {"env": "B"}}
    one = "keys: exactly one key must be active (older keys get `state: decrypt`)"
    assert build.faults(env, keys=[{**a, "state": "decrypt"}]) == [one]
    assert build.faults(env, keys=[a, b]) == [one]
    assert build.faults(env, keys=[a, {**b, "id": "a", "state": "decrypt"}]) == [
        "keys[1].id: two keys have the id 'a'"
    ]
    same = {"id": "b", "from": {"env": "A"}, "state": "decrypt"}
    assert build.faults(env, keys=[a, same]) == ["keys[1]: the same key is written twice"]
