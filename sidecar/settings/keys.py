"""Root keys: where they come from, and whether they are as random as they must be."""

import base64
import binascii
import subprocess
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Final

from sidecar.settings.faults import Finding, Where
from sidecar.settings.references import Missing, read_file
from sidecar.settings.resting import KeyPart, KeySource

KEY_BYTES: Final = 32
COMMAND_S: Final = 10
FEWEST_DISTINCT: Final = 16
"""32 random bytes have about 30 distinct values; under 16 is not reached in 10^12 keys."""
MAKE_ONE: Final = "make one with: sidecar keys generate"


@dataclass(frozen=True, slots=True)
class RootKey:
    """One key of the ring, opened."""

    id: str
    secret: bytes = field(repr=False)
    active: bool


class WeakKey(ValueError):
    """The text is no root key; the message says why and never repeats it."""


def decode_key(text: str) -> bytes:
    """Return the 32 bytes of a root key.

    Raises:
        WeakKey: no base64 of 32 bytes, or bytes that were typed or counted instead of drawn.

    """
    plain = text.strip().replace("-", "+").replace("_", "/")
    try:
        raw = base64.b64decode(plain + "=" * (-len(plain) % 4), validate=True)
    except (binascii.Error, ValueError) as error:
        raise WeakKey("is no base64") from error
    if len(raw) != KEY_BYTES:
        raise WeakKey(f"has {len(raw)} bytes, {KEY_BYTES} are needed")
    steps = {(after - before) % 256 for before, after in pairwise(raw)}
    if len(set(raw)) < FEWEST_DISTINCT or len(steps) == 1:
        raise WeakKey("repeats itself and can be guessed")
    if raw.isascii() and raw.decode("ascii").isprintable():
        raise WeakKey("was typed, not drawn: every byte of it is a printable character")
    return raw


def fetch(source: KeySource, env: Mapping[str, str]) -> str:
    """Return the text of a key from wherever it is kept.

    Raises:
        Missing: it is not there, or the command failed.

    """
    match source:
        case KeySource(env=str(name), file=None, command=None):
            if not env.get(name):
                raise Missing(f"environment variable {name} is not set")
            return env[name]
        case KeySource(env=None, file=str(path), command=None):
            return read_file(path)
        case KeySource(env=None, file=None, command=tuple(command)) if command:
            return _output(command, env)
        case _:
            raise Missing("exactly one of env, file and command is needed")


def _output(command: tuple[str, ...], env: Mapping[str, str]) -> str:
    try:
        done = subprocess.run(  # noqa: S603 - the operator's own command, run without a shell
            command, env=dict(env), capture_output=True, timeout=COMMAND_S, check=True, text=True
        )
    except subprocess.TimeoutExpired as error:
        raise Missing(f"command {command[0]} took longer than {COMMAND_S} s") from error
    except subprocess.CalledProcessError as error:
        raise Missing(f"command {command[0]} failed with status {error.returncode}") from error
    except (OSError, UnicodeDecodeError) as error:
        raise Missing(f"command {command[0]} cannot be run: {type(error).__name__}") from error
    return done.stdout


@dataclass(slots=True)
class Ring:
    """Opens the keys of the file one after the other and collects what is wrong with them."""

    env: Mapping[str, str]
    keys: list[RootKey] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)

    def open(self, parts: tuple[KeyPart, ...]) -> None:
        for index, part in enumerate(parts):
            self._open(part, ("keys", index))
        self.findings += _ids(parts)

    def _open(self, part: KeyPart, where: Where) -> None:
        try:
            secret = decode_key(fetch(part.source, self.env))
        except Missing as missing:
            self.findings.append(Finding((*where, "from"), str(missing), MAKE_ONE))
        except WeakKey as weak:
            self.findings.append(Finding((*where, "from"), f"the key {weak}", MAKE_ONE))
        else:
            if any(key.secret == secret for key in self.keys):
                self.findings.append(Finding(where, "the same key is written twice"))
            self.keys.append(RootKey(part.id, secret, part.state == "active"))


def _ids(parts: tuple[KeyPart, ...]) -> Iterator[Finding]:
    seen: set[str] = set()
    for index, part in enumerate(parts):
        if part.id in seen:
            yield Finding(("keys", index, "id"), f"two keys have the id {part.id!r}")
        seen.add(part.id)
    if sum(part.state == "active" for part in parts) != 1:
        hint = "older keys get `state: decrypt`"
        yield Finding(("keys",), "exactly one key must be active", hint)
