"""Root keys: where they come from, and whether they are as random as they must be."""

import base64
import binascii
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Final

from sidecar.settings.faults import Finding, Where
from sidecar.settings.key_sources.source import KeySource, fetch
from sidecar.settings.key_sources.written import KEY_BYTES, wrapping
from sidecar.settings.references import Missing
from sidecar.settings.resting import KeyPart

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


@dataclass(slots=True)
class Ring:
    """Opens the keys of the file one after the other and collects what is wrong with them.

    Nobody is asked for a key about which something is wrong already, at one of the places `lost`.
    """

    env: Mapping[str, str]
    lost: frozenset[Where] = frozenset()
    keys: list[RootKey] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)

    def open(self, parts: tuple[KeyPart, ...]) -> None:
        for index, part in enumerate(parts):
            self._open(part, ("keys", index))
        self.findings += _ids(parts)

    def _open(self, part: KeyPart, where: Where) -> None:
        if any(place[:2] == where for place in self.lost):
            return
        at = (*where, "from", part.source.kind)
        try:
            secret = decode_key(fetch(part.source, self.env))
        except Missing as missing:
            hint = missing.hint or ("" if part.source.asked else MAKE_ONE)
            told = Finding(at, str(missing), hint, passing=missing.passing)
            self.findings.append(told)
        except WeakKey as weak:
            self.findings.append(Finding(at, f"the key {weak}", _way(part.source)))
        else:
            if any(key.secret == secret for key in self.keys):
                self.findings.append(Finding(where, "the same key is written twice"))
            self.keys.append(RootKey(part.id, secret, part.state == "active"))


def _way(source: KeySource) -> str:
    """Return how a key gets there."""
    return wrapping(source.kind) if source.asked else MAKE_ONE


def _ids(parts: tuple[KeyPart, ...]) -> Iterator[Finding]:
    seen: set[str] = set()
    for index, part in enumerate(parts):
        if part.id in seen:
            yield Finding(("keys", index, "id"), f"two keys have the id {part.id!r}")
        seen.add(part.id)
    if sum(part.state == "active" for part in parts) != 1:
        hint = "older keys get `state: decrypt`"
        yield Finding(("keys",), "exactly one key must be active", hint)
