"""Our own file: an authenticator a line, each sealed to the key of whoever takes them in.

It hides what is in it, and lines cannot be changed, nor given to other people. It does not say
who sealed it: whoever has the public key can, so the way that such a file comes has to be trusted.
"""

import json
from collections.abc import Iterator, Mapping
from typing import BinaryIO, Final

from joserfc import jwe
from joserfc.errors import JoseError

from sidecar.core.seeds import Portable
from sidecar.transfer.carried import decoded, from_base64, packed, unpacked
from sidecar.transfer.keys import ALGORITHM, Pair, is_point
from sidecar.transfer.lines import object_of, only, text_of, whole_of
from sidecar.transfer.reading import Line, lines
from sidecar.transfer.rows import BadRow, Read, Row, Unfit

VERSION: Final = 1
ENCRYPTION: Final = "A256GCM"
"""Source: RFC 7518 §5.3."""
KIND: Final = "sidecar-authenticator"

_FIRST: Final = "sidecar-export"
_LAST: Final = "sidecar-export-end"
_ALLOWED: Final = (ALGORITHM, ENCRYPTION)
_HEADER: Final = {"alg": ALGORITHM, "enc": ENCRYPTION, "typ": KIND}
"""Nothing is compressed (`zip`), so that a length tells nothing and a line cannot swell."""
_DAMAGED: Final = "it was changed or cut off on its way: export it again"


def first_line(recipient: Pair) -> str:
    """Return the line before all others: what the file is, and which key opens it."""
    return json.dumps({_FIRST: VERSION, "recipient": recipient.id})


def seal(portable: Portable, recipient: Pair) -> str:
    """Return the line of an authenticator; whose it is stands inside too, so it stays theirs."""
    header = {**_HEADER, "kid": recipient.id}
    sealed = jwe.encrypt_compact(header, packed(portable), recipient.key, algorithms=_ALLOWED)
    return json.dumps({"user_id": portable.user_id, "sealed": sealed}, ensure_ascii=False)


def last_line(rows: int) -> str:
    """Return the line after all others: a file without it was cut off."""
    return json.dumps({_LAST: rows})


def unseal(file: BinaryIO, owner: Pair) -> Iterator[Read]:
    """Yield what each line gives; a file that is not ours, or not for this key, gives one fault."""
    found = lines(file)
    first = next(found, BadRow(1, "the file is empty: export it again"))
    if fault := _not_ours(first, owner):
        yield fault
        return
    yield from _rest(found, owner)


def _rest(found: Iterator[Line | BadRow], owner: Pair) -> Iterator[Read]:
    number, count, told = 1, 0, None
    for line in found:
        number = _number(line)
        if told is not None:
            yield BadRow(number, "it stands behind the end: two files were put together")
        elif isinstance(line, BadRow):
            count += 1
            yield line
        elif (told := _end(line)) is None:
            count += 1
            yield _row(line, owner)
    if told != count:
        yield BadRow(number, "the file was cut off or changed: lines are missing, or too many")


def _not_ours(first: Line | BadRow, owner: Pair) -> BadRow | None:
    if isinstance(first, BadRow):
        return first
    try:
        _begins(object_of(first.text), owner)
    except Unfit as unfit:
        return BadRow(first.number, str(unfit))
    return None


def _begins(said: Mapping[str, object], owner: Pair) -> None:
    if _FIRST not in said:
        raise Unfit("the file is no sealed export: its first line says so")
    if whole_of(said, _FIRST, 0) != VERSION:
        raise Unfit(f"the file is of another version than {VERSION}: update this sidecar")
    if text_of(said, "recipient") != owner.id:
        raise Unfit("the file is sealed to another key: give the private key of its recipient")


def _number(line: Line | BadRow) -> int:
    return line.line if isinstance(line, BadRow) else line.number


def _end(line: Line) -> int | None:
    """Return how many lines there should have been; None where this is not the last one."""
    try:
        said = object_of(line.text)
        return whole_of(said, _LAST, -1) if set(said) == {_LAST} else None
    except Unfit:
        return None


def _row(line: Line, owner: Pair) -> Read:
    try:
        return Row(line.number, _portable(object_of(line.text), owner))
    except Unfit as unfit:
        return BadRow(line.number, str(unfit))


def _portable(said: Mapping[str, object], owner: Pair) -> Portable:
    only(said, frozenset({"user_id", "sealed"}))
    portable = unpacked(_opened(text_of(said, "sealed"), owner))
    if portable.user_id != text_of(said, "user_id"):
        raise Unfit("it was sealed for another user: export it again")
    return portable


def _opened(sealed: str, owner: Pair) -> bytes:
    """Return what is sealed in exactly our way; nothing else reaches the library."""
    if not _ours(_header(sealed), owner):
        raise Unfit(_DAMAGED)
    try:
        opened = jwe.decrypt_compact(sealed.encode(), owner.key, algorithms=_ALLOWED)
    except (JoseError, ValueError) as error:
        raise Unfit(_DAMAGED) from error
    return opened.plaintext or b""


def _header(sealed: str) -> Mapping[str, object]:
    try:
        return object_of(decoded(from_base64(sealed.partition(".")[0])))
    except Unfit as unfit:
        raise Unfit(_DAMAGED) from unfit


def _ours(header: Mapping[str, object], owner: Pair) -> bool:
    """Tell whether the header is one that we write, for this key: no `zip`, `crit` or `jku`."""
    fixed = {name: value for name, value in header.items() if name != "epk"}
    return fixed == {**_HEADER, "kid": owner.id} and is_point(header.get("epk"), owner.curve)
