"""The forms of files that are read, and the one door to all of them."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import BinaryIO, assert_never

from sidecar.transfer import google, lines, otpauth, pskc, sealed
from sidecar.transfer.keys import owner
from sidecar.transfer.rows import BadRow, Read, Unfit
from sidecar.transfer.unlocking import Opener


class Form(StrEnum):
    """How a file says what it says."""

    OTPAUTH = "otpauth"
    """An `otpauth://` URI a line."""
    GOOGLE = "google"
    """Google Authenticator's export, an `otpauth-migration://` URI a line."""
    PSKC = "pskc"
    """XML of makers of hardware tokens and of other servers (RFC 6030)."""
    LINES = "lines"
    """A JSON object a line."""
    SEALED = "sealed"
    """Our own export."""


@dataclass(frozen=True, slots=True)
class Keys:
    """What opens a file that is encrypted."""

    private: Mapping[str, object] | None = field(default=None, repr=False)
    """Of a sealed file: the recipient's private JSON Web Key."""
    shared: bytes = field(default=b"", repr=False)
    """Of PSKC: the key that was agreed upon."""
    passphrase: str = field(default="", repr=False)
    """Of PSKC: what the key is derived from."""


NO_KEYS = Keys()


def rows(form: Form, file: BinaryIO, *, now: datetime, keys: Keys = NO_KEYS) -> Iterator[Read]:
    """Yield what each entry of the file gives, in order, reading on only as rows are taken."""
    match form:
        case Form.OTPAUTH:
            return otpauth.read(file)
        case Form.GOOGLE:
            return google.read(file)
        case Form.PSKC:
            return pskc.read(file, Opener(keys.shared, keys.passphrase), now=now)
        case Form.LINES:
            return lines.read(file)
        case Form.SEALED:
            return _unsealed(file, keys)
        case _:
            assert_never(form)


def _unsealed(file: BinaryIO, keys: Keys) -> Iterator[Read]:
    if keys.private is None:
        yield BadRow(1, "the file is sealed: give the private key of its recipient")
        return
    try:
        opens = owner(keys.private)
    except Unfit as unfit:
        yield BadRow(1, f"the file is sealed, and no key opens it: {unfit}")
        return
    yield from sealed.unseal(file, opens)
