"""What the places of root keys have in common: how they are written, and what is found there."""

import base64
import json
from collections.abc import Mapping
from ipaddress import ip_address
from typing import Annotated, Final
from urllib.parse import urlsplit

from pydantic import AfterValidator, ConfigDict, Field, PlainValidator, WithJsonSchema

from sidecar.core.durations import parse_duration
from sidecar.settings.kinds import Duration
from sidecar.settings.part import Part
from sidecar.settings.references import Missing

KEY_BYTES: Final = 32


def _address(value: object) -> str:
    if not isinstance(value, str):
        raise ValueError("text is expected here")  # noqa: TRY004 - pydantic reports ValueErrors
    url = urlsplit(value)
    if url.scheme not in {"https", "http"} or not url.hostname or url.port == 0:
        raise ValueError("an address is written https://host:port")
    if "@" in url.netloc or url.query or url.fragment or not value.isprintable() or " " in value:
        raise ValueError("an address has neither user, query nor fragment")
    if url.scheme == "http" and not _is_here(url.hostname):
        raise ValueError("whoever sits between could read the key: write https://")
    return value.rstrip("/")


def _is_here(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _steps(value: str) -> str:
    """Refuse what would lead to another place than the one that is written."""
    steps = value.split("/")
    if any(step in {"", ".", ".."} for step in steps) or not value.isprintable():
        raise ValueError("must be a path without a slash at its ends, and without . and .. in it")
    return value


def _step(value: str) -> str:
    if "/" in _steps(value):
        raise ValueError("must be one name, without a slash")
    return value


Text = Annotated[str, Field(min_length=1)]
Steps = Annotated[Text, AfterValidator(_steps)]
Step = Annotated[Text, AfterValidator(_step)]
Address = Annotated[
    str,
    PlainValidator(_address),
    WithJsonSchema({"type": "string", "examples": ["https://vault.internal:8200"]}),
]


ONE_KEY: Final = ConfigDict(json_schema_extra={"minProperties": 1, "maxProperties": 1})
"""Says to editors what `exactly_one` checks."""


class Remote(Part):
    """A place that is asked over a network."""

    timeout: Duration = parse_duration("5s")
    """How long it may take until the key is there, whatever has to be asked for it."""


def exactly_one(part: Part, names: tuple[str, ...]) -> str:
    """Return which of these keys is written.

    Raises:
        ValueError: none, or several.

    """
    given = [name for name in names if getattr(part, name) is not None]
    if len(given) != 1:
        raise ValueError(f"exactly one of {', '.join(names[:-1])} and {names[-1]} is needed")
    return given[0]


def wrapping(kind: str) -> str:
    """Return the hint by which a key gets to a place of that kind."""
    return f"make one with: sidecar keys wrap {kind}"


def as_text(plain: bytes) -> str:
    """Return the text of a key that was kept as it is, or as the text that it is written by.

    What generates keys inside a vault makes bytes; what puts in a key from elsewhere puts in what
    `sidecar keys generate` prints. 32 bytes are never that text, which has 43 at least.
    """
    if len(plain) != KEY_BYTES:
        try:
            text = plain.decode("ascii").strip()
        except UnicodeDecodeError:
            text = ""
        if text.isprintable() and text:
            return text
    return base64.b64encode(plain).decode("ascii")


def decoded(value: object, who: str) -> bytes:
    """Return the bytes that somebody wrote in base64.

    Raises:
        Missing: it is no base64.

    """
    try:
        return base64.b64decode(value if isinstance(value, str) else "!", validate=True)
    except ValueError:
        raise Missing(f"{who} answered no base64 where the key should be") from None


def inside(holder: object, name: str) -> Mapping[str, object]:
    """Return the mapping of that name, an empty one where there is none."""
    found = holder.get(name) if isinstance(holder, Mapping) else None
    return found if isinstance(found, Mapping) else {}


def field_of(text: str, name: str) -> str:
    """Return a field of a secret that is a JSON object.

    Raises:
        Missing: it is none, or has no such field of text.

    """
    try:
        fields = json.loads(text)
    except (ValueError, RecursionError):
        fields = None
    if not isinstance(fields, dict):
        raise Missing("the secret is no JSON object", "leave `field` out where it is the key alone")
    found = fields.get(name)
    if not isinstance(found, str):
        raise Missing(f"the secret has no field {name!r} that is text")
    return found
