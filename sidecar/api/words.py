"""The kinds of values that several endpoints share."""

import re
import unicodedata
from collections.abc import Mapping
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Annotated, Final, Literal

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PlainSerializer,
)

from sidecar.core.model import Level
from sidecar.core.names import MAX_NAME_CHARS, is_name, tidy

MAX_USER_ID_CHARS: Final = 320
MAX_TEXT_CHARS: Final = 255
MAX_PAGE: Final = 200
PAGE: Final = 50
_UNSEEN: Final = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})


class ApiModel(BaseModel):
    """What is said and answered: nothing unknown, nothing converted, nothing changed later."""

    model_config = ConfigDict(
        extra="forbid",
        frozen=True,
        strict=True,
        hide_input_in_errors=True,
        use_attribute_docstrings=True,
        ser_json_inf_nan="null",
    )


def _plain(value: str) -> str:
    """Return text that can be stored, logged and shown as it is.

    Raises:
        ValueError: it has control, bidi, invisible or half characters.

    """
    if any(unicodedata.category(character) in _UNSEEN for character in value):
        raise ValueError("control, invisible and bidi characters are not allowed")
    return value


def _name(value: str) -> str:
    """Return what an authenticator can be called.

    Raises:
        ValueError: it cannot be called so.

    """
    if not is_name(_plain(value)):
        raise ValueError("a name has letters that can be seen")
    return tidy(value)


def _user_id(value: str) -> str:
    """Return a user id that could be somebody's.

    Raises:
        ValueError: no subject is spelled so.

    """
    if unicodedata.normalize("NFKC", _plain(value)) != value:
        raise ValueError("is not in normal form (NFKC)")
    return value


UserId = Annotated[
    str,
    Field(
        min_length=1,
        max_length=MAX_USER_ID_CHARS,
        description="`realm:subject`, or the subject alone while there is one realm.",
        json_schema_extra={"format": "user-id", "examples": ["alice", "app_login:alice"]},
    ),
    AfterValidator(_user_id),
]
"""`realm:subject`, or the subject alone while there is one realm."""

Line = Annotated[
    str,
    Field(min_length=1, max_length=MAX_TEXT_CHARS, json_schema_extra={"format": "line"}),
    AfterValidator(_plain),
]
"""One line of plain text."""

Identifier = Annotated[
    str, Field(pattern=r"^[A-Za-z0-9_-]{8,64}$", description="As an answer gave it.")
]
"""An id of ours, as an answer of ours gave it."""

Word = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_-]{0,31}$")]
"""A name out of the configuration or of a fixed list, such as a factor's."""

Cursor = Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]{1,1024}$")]
"""Where the next page begins; only an answer of ours makes one."""


def _flag(value: object) -> object:
    """Return what a query says of a flag, said in the one way.

    Raises:
        ValueError: it says neither `true` nor `false`.

    """
    if not isinstance(value, str):
        return value
    if value not in {"true", "false"}:
        raise ValueError("is true or false")
    return value == "true"


def _number(value: object) -> object:
    """Return what a query says of a number, said in digits alone.

    Raises:
        ValueError: it says something else.

    """
    if not isinstance(value, str):
        return value
    if not _DIGITS.fullmatch(value):
        raise ValueError("is a number, in digits")
    return int(value)


def _whole(value: object) -> object:
    """Return the whole number that a number of JSON is, however it is spelled."""
    return int(value) if isinstance(value, float) and value.is_integer() else value


AskedFlag = Annotated[bool, BeforeValidator(_flag)]
"""`true` or `false`, in a query."""

# Bounds stand before validators: the description would lack them else.
Limit = Annotated[int, Field(ge=1, le=MAX_PAGE), BeforeValidator(_number)]

Whole = BeforeValidator(_whole)
"""Takes any spelling of a whole number that JSON has: `60`, `60.0`, `6e1`."""

_DIGITS: Final = re.compile(r"[0-9]{1,18}")
_MOMENT: Final = re.compile(
    r"\d{4}-\d\d-\d\d[Tt]\d\d:\d\d:\d\d(\.\d+)?([Zz]|[+-]\d\d:\d\d)", re.ASCII
)


def _told(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")


Moment = Annotated[datetime, PlainSerializer(_told, return_type=str, when_used="json")]
"""RFC 3339, in UTC, to the second."""


def _moment(value: str) -> str:
    """Return a moment as it was written, once it is known to be one.

    Raises:
        ValueError: no RFC 3339 date-time.

    """
    if not _MOMENT.fullmatch(value):
        raise ValueError("a moment is written 2026-01-31T12:00:00Z")
    try:
        moment_of(value)
    except OverflowError as error:
        raise ValueError("is out of any calendar") from error
    return value


def moment_of(asked: str) -> datetime:
    """Return the moment that an `AskedMoment` names."""
    return datetime.fromisoformat(asked.upper()).astimezone(UTC)


AskedMoment = Annotated[
    str,
    Field(max_length=40, json_schema_extra={"format": "date-time"}),
    AfterValidator(_moment),
]
"""RFC 3339, with an offset."""

AuthenticatorName = Annotated[
    str,
    Field(min_length=1, max_length=MAX_NAME_CHARS, json_schema_extra={"format": "line"}),
    AfterValidator(_name),
]
"""What an authenticator is called; spaces around and between are tidied."""

AuthenticatorWord = Literal["active", "suspended", "disabled", "expired"]
LevelWord = Literal["one_factor", "two_factor", "phishing_resistant"]
LEVELS: Final[Mapping[Level, LevelWord]] = MappingProxyType(
    {
        Level.ONE_FACTOR: "one_factor",
        Level.TWO_FACTOR: "two_factor",
        Level.PHISHING_RESISTANT: "phishing_resistant",
    }
)


class Paged(ApiModel):
    """Which page of a list is asked for."""

    limit: Limit = PAGE
    """How many rows at most."""
    cursor: Cursor | None = None
    """`next` of the page before; leave it out for the first."""
