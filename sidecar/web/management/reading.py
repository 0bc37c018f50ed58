"""What a call says, read strictly: one reading, or none."""

import asyncio
import json
import re
from collections import Counter
from collections.abc import Mapping
from typing import Final, TypeVar
from urllib.parse import unquote_to_bytes

from aiohttp import StreamReader, web
from pydantic import ValidationError

from sidecar.api.endpoint import MAX_BODY_BYTES, Endpoint
from sidecar.api.words import ApiModel
from sidecar.core.api_errors import InputFault, InputInvalid, MediaTypeUnsupported, VersionUnknown
from sidecar.core.errors import BodyTooLarge, MalformedRequest
from sidecar.web.management.faults import faults

Model = TypeVar("Model", bound=ApiModel)

VERSION: Final = "1"
VERSION_HEADER: Final = "API-Version"
KEY_HEADER: Final = "Idempotency-Key"
MATCH_HEADER: Final = "If-Match"
_ETAG: Final = re.compile(r'\*|(?:W/)?"\d{1,9}"')
"""No version is longer, and none that is would fit where versions are kept."""
_BROKEN_ESCAPE: Final = re.compile(r"%(?![0-9A-Fa-f]{2})")
_KEY: Final = re.compile(r"[!-~]{1,255}")
BODY_WITHIN_S: Final = 30
"""Nobody holds a connection for longer by sending slowly."""
MAX_DEPTH: Final = 20
"""No body that is asked for is deeper than five."""
BYTES_A_VALUE: Final = 32
"""One value for so many bytes that a body may have, and no more: each could be a fault to tell."""
_EXACT: Final = 2.0**53
"""Below, a float is the one number that was written (RFC 8259 §6)."""

_MARK = re.compile(rb'"(?:[^"\\]++|\\.)*+(?:"|\\?\Z)|[\[{]|[\]}]|,', re.DOTALL)
"""A text, whole or not, a bracket, a comma; no text is tried twice: a body of quotes would cost."""


def require_version(request: web.Request) -> None:
    """Return only where the call asks for this version of the API, or for none.

    Raises:
        VersionUnknown: it asks for another.

    """
    if any(asked != VERSION for asked in request.headers.getall(VERSION_HEADER, ())):
        message = (
            f"this sidecar speaks version {VERSION}; ask for that, or leave {VERSION_HEADER} out"
        )
        raise VersionUnknown(message)


def require_readable(request: web.Request) -> None:
    """Return only where the target can be read in one way.

    What is no percent escape, or no text, would be taken as it stands: `%ff` and `%25ff` would be
    one name.

    Raises:
        MalformedRequest: it has a broken escape, or escapes that are not UTF-8.

    """
    target = request.raw_path
    try:
        unquote_to_bytes(target).decode("utf-8")
    except UnicodeError as broken:
        message = "the target is not UTF-8"
        raise MalformedRequest(message) from broken
    if _BROKEN_ESCAPE.search(target):
        message = "the target has a % that begins no escape"
        raise MalformedRequest(message)


def read_key(request: web.Request) -> str:
    """Return the idempotency key that the caller chose; empty where none was.

    Raises:
        InputInvalid: it is twice there, empty, too long, or not plain ASCII.

    """
    expected = "one value of up to 255 visible ASCII characters is expected"
    return _one(request, KEY_HEADER, _KEY, expected)


def read_condition(request: web.Request) -> str:
    """Return the version that the caller read, as its ETag; empty where any will do.

    Raises:
        InputInvalid: it is twice there, or no ETag of ours.

    """
    return _one(request, MATCH_HEADER, _ETAG, "one ETag of ours is expected")


def _one(request: web.Request, name: str, form: re.Pattern[str], expected: str) -> str:
    said = request.headers.getall(name, ())
    if not said:
        return ""
    if len(said) > 1 or not form.fullmatch(said[0]):
        raise InputInvalid(InputFault(expected, parameter=name))
    return said[0]


async def read_body(request: web.Request, most: int) -> bytes:
    """Return the body, of so many bytes at most.

    Raises:
        MediaTypeUnsupported: it is no JSON, or it is encoded.
        BodyTooLarge: it is.
        MalformedRequest: it ended early, or did not come within the time.

    """
    kinds = request.headers.getall("Content-Type", ())
    if len(kinds) != 1 or request.content_type != "application/json":
        message = "send the body as Content-Type: application/json"
        raise MediaTypeUnsupported(message)
    if (request.charset or "utf-8").lower() not in {"utf-8", "utf8"}:
        message = "send the body in UTF-8, as JSON is"
        raise MediaTypeUnsupported(message)
    encodings = request.headers.getall("Content-Encoding", ())
    if any(encoding.lower() != "identity" for encoding in encodings):
        message = "send it without Content-Encoding"
        raise MediaTypeUnsupported(message)
    if (request.content_length or 0) > most:
        raise BodyTooLarge(f"more than {most} bytes")
    try:
        async with asyncio.timeout(BODY_WITHIN_S):
            return await _read(request.content, most)
    except web.RequestPayloadError as broken:
        message = "the body ended early; send it again"
        raise MalformedRequest(message) from broken
    except TimeoutError as slow:
        raise MalformedRequest(f"the body did not come within {BODY_WITHIN_S} s") from slow


async def _read(stream: StreamReader, most: int) -> bytes:
    """Return all that is sent; never more than was allowed is held."""
    body = bytearray()
    while chunk := await stream.readany():
        body += chunk
        if len(body) > most:
            raise BodyTooLarge(f"more than {most} bytes")
    return bytes(body)


def read(endpoint: Endpoint, body: bytes) -> ApiModel | None:
    """Return the body as the endpoint takes it; None where it takes none; errors as in both."""
    if endpoint.body is None:
        return None
    return checked(endpoint.body, parse(body, endpoint.max_body_bytes))


def parse(body: bytes, most: int = MAX_BODY_BYTES) -> object:
    """Return the one value that the JSON text has; it could have been of so many bytes.

    Raises:
        MalformedRequest: no JSON (RFC 8259), not UTF-8, a name twice, no number, too deep, too
            many values.

    """
    _require_bounded(body, most // BYTES_A_VALUE)
    try:
        value: object = json.loads(
            body.decode("utf-8"),
            object_pairs_hook=_object,
            parse_constant=_refuse_constant,
            parse_float=_number,
        )
        _spelled(value)
    except (ValueError, RecursionError) as error:
        raise MalformedRequest(f"no JSON: {_said(error)}") from error
    return value


def _require_bounded(body: bytes, most: int) -> None:
    depth, values = 0, 0
    for found in _MARK.finditer(body):
        depth += {b"[": 1, b"{": 1, b"]": -1, b"}": -1}.get(found.group(), 0)
        values += found.group() in {b",", b"[", b"{"}
        if depth > MAX_DEPTH:
            message = f"nested deeper than {MAX_DEPTH}"
            raise MalformedRequest(message)
        if values > most:
            message = f"more than {most} values"
            raise MalformedRequest(message)


def checked(kind: type[Model], value: object) -> Model:
    """Return the value as a model.

    Raises:
        InputInvalid: it does not fit; every fault is named with its place.

    """
    if not isinstance(value, dict):
        raise InputInvalid(InputFault("a JSON object is expected"))
    try:
        # As JSON again: only so do texts become moments and words of an enumeration.
        return kind.model_validate_json(_spelled(value))
    except ValidationError as error:
        raise InputInvalid(*faults(error, value)) from error


def read_query(request: web.Request, kind: type[Model] | None) -> Model | None:
    """Return the query as a model.

    Raises:
        InputInvalid: a parameter is unknown, twice there, or does not fit.

    """
    said = request.query
    twice = [name for name in dict.fromkeys(said) if len(said.getall(name)) > 1]
    if twice:
        raise InputInvalid(*(InputFault("occurs twice", parameter=name) for name in twice))
    if kind is None:
        if said:
            unknown = "is no parameter of this endpoint"
            raise InputInvalid(*(InputFault(unknown, parameter=name) for name in said))
        return None
    return checked_query(kind, dict(said))


def checked_query(kind: type[Model], said: Mapping[str, str]) -> Model:
    """Return the parameters of a query as a model.

    Raises:
        InputInvalid: a parameter is unknown, missing, or does not fit.

    """
    try:
        return kind.model_validate_strings(dict(said))
    except ValidationError as error:
        raise InputInvalid(*faults(error)) from error


def _spelled(value: object) -> bytes:
    """Return the value as JSON.

    Raises:
        UnicodeEncodeError: a text has half a character, which no database takes.

    """
    return json.dumps(value, ensure_ascii=False).encode("utf-8")


def _object(pairs: list[tuple[str, object]]) -> Mapping[str, object]:
    found = dict(pairs)
    if len(found) != len(pairs):
        twice, _ = Counter(name for name, _ in pairs).most_common(1)[0]
        raise ValueError(f"the name {twice[:60]!r} occurs twice in an object")
    return found


def _number(text: str) -> float:
    """Return the number; `7.0` is the integer 7, as JSON Schema has it."""
    value = float(text)
    return int(value) if value.is_integer() and abs(value) < _EXACT else value


def _refuse_constant(word: str) -> object:
    raise ValueError(f"{word} is no number of JSON")


def _said(error: Exception) -> str:
    if isinstance(error, json.JSONDecodeError):
        return f"{error.msg} at line {error.lineno}, column {error.colno}"
    if isinstance(error, UnicodeDecodeError):
        return f"byte {error.start} is not UTF-8"
    if isinstance(error, UnicodeEncodeError):
        return "half a surrogate pair is no character"
    return str(error) or f"nested deeper than {MAX_DEPTH}"
