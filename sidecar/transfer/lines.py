"""JSON lines: an object for each authenticator, as scripts over a database write them."""

from collections.abc import Iterator, Mapping
from typing import BinaryIO, Final

from sidecar.core.pointers import read_json
from sidecar.core.seeds import Portable, Seed
from sidecar.transfer.otpauth import seed_and_account
from sidecar.transfer.reading import rows_of
from sidecar.transfer.rows import Read, Unfit, name_of, secret_of, seed_of, user_of

_URI: Final = frozenset({"user_id", "otpauth", "name"})
_PARTS: Final = frozenset({"user_id", "secret", "algorithm", "digits", "period", "name"})


def read(file: BinaryIO) -> Iterator[Read]:
    """Yield what each line gives: `{"user_id", "otpauth"}`, or `{"user_id", "secret", …}`."""
    return rows_of(file, _line)


def object_of(text: str) -> Mapping[str, object]:
    """Return the object that a line is, which means one thing to every reader.

    Raises:
        Unfit: it is no JSON object, or one with a key twice, or a number that JSON has not.

    """
    try:
        found = read_json(text.encode("utf-8"))
    except ValueError as error:
        raise Unfit("it is no JSON with each key once: write one object on one line") from error
    if not isinstance(found, dict):
        raise Unfit("it is no JSON object: write one object on one line")
    return found


def text_of(said: Mapping[str, object], key: str, default: str = "") -> str:
    """Return the text at a key.

    Raises:
        Unfit: something else is there.

    """
    found = said.get(key, default)
    if not isinstance(found, str):
        raise Unfit(f"its {key} is no text: put it into quotation marks")
    return found


def whole_of(said: Mapping[str, object], key: str, default: int) -> int:
    """Return the whole number at a key.

    Raises:
        Unfit: something else is there; `true` is no number.

    """
    found = said.get(key, default)
    if type(found) is not int:
        raise Unfit(f"its {key} is no whole number: write it without quotation marks")
    return found


def only(said: Mapping[str, object], known: frozenset[str]) -> None:
    """What is said has no other keys; one that is passed over could have mattered.

    Raises:
        Unfit: it has.

    """
    if not known >= set(said):
        raise Unfit(f"it has a key other than {', '.join(sorted(known))}: leave that out")


def _line(text: str) -> Iterator[Portable]:
    said = object_of(text)
    seed = _of_uri(said) if "otpauth" in said else _of_parts(said)
    yield Portable(user_of(_user_id(said)), "", name_of(text_of(said, "name")), seed)


def _of_uri(said: Mapping[str, object]) -> Seed:
    only(said, _URI)
    seed, _ = seed_and_account(text_of(said, "otpauth"))
    return seed


def _of_parts(said: Mapping[str, object]) -> Seed:
    only(said, _PARTS)
    secret = secret_of(text_of(said, "secret"))
    algorithm = text_of(said, "algorithm", "SHA1")
    return seed_of(secret, algorithm, whole_of(said, "digits", 6), whole_of(said, "period", 30))


def _user_id(said: Mapping[str, object]) -> str:
    """Return the user id; databases have numbers for it too."""
    found = said.get("user_id", "")
    return str(found) if type(found) is int else text_of(said, "user_id")
