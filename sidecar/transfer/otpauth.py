"""Lines with an `otpauth://` URI each, as authenticator apps read them out of a QR code.

Source: Google Authenticator, Key URI Format.
"""

import csv
import re
from collections.abc import Iterator, Mapping
from typing import BinaryIO, Final
from urllib.parse import unquote

from sidecar.core.seeds import Portable, Seed, uri
from sidecar.transfer.reading import rows_of
from sidecar.transfer.rows import Read, Unfit, number_of, secret_of, seed_of, user_of

_START: Final = re.compile("otpauth://", re.IGNORECASE | re.ASCII)
_URI: Final = re.compile(
    r"otpauth://(?P<kind>[^/?#]*)/?(?P<label>[^?#]*)(?:\?(?P<query>[^#]*))?(?:#.*)?",
    re.IGNORECASE | re.ASCII | re.DOTALL,
)
_SEPARATORS: Final = (",", ";", "\t")
_HEADINGS: Final = frozenset(
    f"user_id{mark}{uri}" for mark in _SEPARATORS for uri in ("uri", "otpauth")
)
"""What spreadsheets put above the columns."""
_ENCODERS: Final = frozenset({"", "base10", "digits"})


def read(file: BinaryIO) -> Iterator[Read]:
    """Yield what each line gives: a URI, or a user id and a URI with a comma or tab between."""
    return rows_of(file, _line)


def line(user_id: str, seed: Seed, issuer: str) -> str:
    """Return the line of a file that any reader of URIs can take, and this one exactly."""
    label = user_id.replace(":", "-")
    column = user_id
    if user_id.startswith('"') or _START.search(user_id):  # where the columns part is not seen
        column = '"' + user_id.replace('"', '""') + '"'
    return f"{column}\t{uri(seed, issuer.replace(':', '-'), label)}"


def seed_and_account(text: str) -> tuple[Seed, str]:
    """Return what a URI says: the seed, and the account, which may be empty.

    Raises:
        Unfit: it is no such URI, or of another kind than `totp`.

    """
    found = _URI.fullmatch(text.strip())
    if found is None:
        raise Unfit("it is no otpauth URI: it begins with otpauth://totp/")
    _of_our_kind(found["kind"])
    said = _parameters(found["query"] or "")
    if said.get("encoder", "").lower() not in _ENCODERS:
        raise Unfit("its codes are no digits (encoder): its person sets up an app anew")
    seed = seed_of(
        secret_of(said.get("secret", "")),
        said.get("algorithm", "SHA1"),
        number_of(said.get("digits", "6"), "number of digits"),
        number_of(said.get("period", "30"), "period"),
    )
    return seed, account_of(_decoded(found["label"]), said.get("issuer", ""))


def account_of(label: str, issuer: str) -> str:
    """Return the account of a label `issuer:account`, where the issuer may be left out."""
    prefix = f"{issuer}:"
    if issuer and label.casefold().startswith(prefix.casefold()):
        return label[len(prefix) :].strip()
    before, colon, after = label.partition(":")
    return (after if colon else before).strip()


def _line(text: str) -> Iterator[Portable]:
    if text.lower() in _HEADINGS:
        return
    user_id, written = _columns(text)
    seed, account = seed_and_account(written)
    yield Portable(user_of(account if user_id is None else user_id), "", "", seed)


def _columns(text: str) -> tuple[str | None, str]:
    """Return the user id, None where there is no such column, and the URI."""
    if text.startswith('"'):
        return _quoted(text)
    start = _START.search(text)
    if start is None:
        raise Unfit("it is no otpauth URI: it begins with otpauth://totp/")
    before = text[: start.start()].rstrip(" ")
    if before and not before.endswith(_SEPARATORS):
        raise Unfit("there is no comma or tab between the user id and the URI")
    return before[:-1] if before else None, text[start.start() :]


def _quoted(text: str) -> tuple[str | None, str]:
    """Return the columns as spreadsheets write them where a value has a comma in it."""
    for mark in _SEPARATORS:
        try:
            (columns,) = csv.reader([text], delimiter=mark, strict=True)
        except (csv.Error, ValueError):
            continue
        if len(columns) == 1:
            return None, columns[0]
        user_id, *rest = columns
        if len(rest) == 1:
            return user_id, rest[0]
    raise Unfit("it is no line of one or two columns: a user id, and an otpauth URI")


def _of_our_kind(kind: str) -> None:
    match kind.lower():
        case "totp":
            return
        case "hotp":
            raise Unfit("its codes are counted (hotp): its person sets up an app anew")
        case _:
            raise Unfit("it is of a kind that no factor takes: its person sets up an app anew")


def _parameters(query: str) -> Mapping[str, str]:
    """Return the parameters by name; those that nobody here knows are among them."""
    said: dict[str, str] = {}
    for pair in filter(None, query.split("&")):
        name, _, value = pair.partition("=")
        key = _decoded(name).strip().lower()
        if key in said:
            raise Unfit("it says the same thing twice: leave one of both out")
        said[key] = _decoded(value.replace("+", " ")).strip()
    return said


def _decoded(text: str) -> str:
    try:
        return unquote(text, errors="strict")
    except UnicodeDecodeError as error:
        raise Unfit("its percent-encoding is no UTF-8: export it again") from error
