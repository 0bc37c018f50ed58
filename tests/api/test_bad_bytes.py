"""Bodies that can be read in two ways or in none, for every endpoint that takes one.

What they would say is sound: only how it is written is not. Nothing is changed by any of them.
"""

import gzip
import json
import zlib
from collections.abc import Callable, Iterator, Mapping

import pytest

from sidecar.api.endpoint import Endpoint
from sidecar.api.endpoints import ENDPOINTS
from sidecar.web.management import reading
from tests.api.calling import HOST, JSON, Api
from tests.api.sound import Sound, sound
from tests.api.stored import stored

pytestmark = pytest.mark.asyncio(loop_scope="module")

WITH_BODY = tuple(one for one in ENDPOINTS if one.body is not None)
MALFORMED, MEDIA, LARGE, INVALID = (
    (400, "malformed-request"),
    (415, "media-type-unsupported"),
    (413, "body-too-large"),
    (422, "input-invalid"),
)
MEGABYTES = 10 * 1024 * 1024


Fields = tuple[tuple[str, str], ...]


def _named(endpoint: Endpoint) -> str:
    return endpoint.name


def _first(text: str, value: str) -> bytes:
    """Return the object with its first value replaced by this JSON text."""
    name = next(iter(json.loads(text)))
    rest = {key: value for key, value in json.loads(text).items() if key != name}
    more = f", {json.dumps(rest)[1:-1]}" if rest else ""
    return f'{{"{name}": {value}{more}}}'.encode("utf-8", "surrogatepass")


WRITTEN: Mapping[str, tuple[Callable[[str], bytes], tuple[int, str]]] = {
    "nothing": (lambda _: b"", MALFORMED),
    "space": (lambda _: b"  \n", MALFORMED),
    "null": (lambda _: b"null", INVALID),
    "a list": (lambda text: f"[{text}]".encode(), INVALID),
    "a text": (lambda text: json.dumps(text).encode(), INVALID),
    "a number": (lambda _: b"1", INVALID),
    "two values": (lambda text: f"{text} {text}".encode(), MALFORMED),
    "something after it": (lambda text: f"{text}x".encode(), MALFORMED),
    "NUL after it": (lambda text: f"{text}\0".encode(), MALFORMED),
    "cut off": (lambda text: text[:-1].encode(), MALFORMED),
    "a comment": (lambda text: f"/* */{text}".encode(), MALFORMED),
    "single quotes": (lambda text: text.replace('"', "'").encode(), MALFORMED),
    "a last comma": (lambda text: f"{text[:-1]},}}".encode(), MALFORMED),
    "NaN": (lambda text: _first(text, "NaN"), MALFORMED),
    "Infinity": (lambda text: _first(text, "Infinity"), MALFORMED),
    "-Infinity": (lambda text: _first(text, "-Infinity"), MALFORMED),
    "beyond floats": (lambda text: _first(text, "1e999"), INVALID),
    "below floats": (lambda text: _first(text, "-1e999"), INVALID),
    "many digits": (lambda text: _first(text, "9" * 4000), INVALID),
    "too many digits": (lambda text: _first(text, "9" * 10_000), MALFORMED),
    "hexadecimal": (lambda text: _first(text, "0x10"), MALFORMED),
    "a zero before": (lambda text: _first(text, "007"), MALFORMED),
    "NUL escaped": (lambda text: _first(text, r'"a\u0000b"'), INVALID),
    "NUL itself": (lambda text: _first(text, '"a\0b"'), MALFORMED),
    "a line feed itself": (lambda text: _first(text, '"a\nb"'), MALFORMED),
    "half a pair": (lambda text: _first(text, r'"\ud800"'), MALFORMED),
    "the other half": (lambda text: _first(text, r'"\udc00\ud800"'), MALFORMED),
    "half a pair itself": (lambda text: _first(text, '"\ud800"'), MALFORMED),
    "no UTF-8": (lambda text: _first(text, '"X"').replace(b"X", b"\xff"), MALFORMED),
    "overlong": (lambda text: _first(text, '"X"').replace(b"X", b"\xc0\xaf"), MALFORMED),
    "a byte-order mark": (lambda text: b"\xef\xbb\xbf" + text.encode(), MALFORMED),
    "UTF-16": (lambda text: text.encode("utf-16"), MALFORMED),
    "UTF-16 without mark": (lambda text: text.encode("utf-16-le"), MALFORMED),
    "UTF-32": (lambda text: text.encode("utf-32"), MALFORMED),
    "deep lists": (lambda text: _first(text, "[" * 1000 + "]" * 1000), MALFORMED),
    "deep objects": (lambda text: _first(text, '{"a":' * 1000 + "1" + "}" * 1000), MALFORMED),
    "endless depth": (lambda _: b"[" * 60_000, MALFORMED),
    "a name twice": (lambda text: f"{text[:-1]}, {text[1:]}".encode(), MALFORMED),
    "a name twice, escaped": (
        lambda text: f'{text[:-1]}, "\\u{ord(text[2]):04x}{text[3:]}'.encode(),
        MALFORMED,
    ),
    "a proto": (lambda text: f'{text[:-1]}, "__proto__": {{}}}}'.encode(), INVALID),
    "many values": (lambda _: b'{"a": [' + b"[]," * 21_800 + b"0]}", MALFORMED),
    "gzip unsaid": (lambda text: gzip.compress(text.encode()), MALFORMED),
}

HEADS: Mapping[str, tuple[Fields, tuple[int, str]]] = {
    "no type": ((), MEDIA),
    "an empty type": ((("Content-Type", ""),), MEDIA),
    "a form": ((("Content-Type", "application/x-www-form-urlencoded"),), MEDIA),
    "a text": ((("Content-Type", "text/plain"),), MEDIA),
    "JSON as a text": ((("Content-Type", "text/json"),), MEDIA),
    "another JSON": ((("Content-Type", "application/problem+json"),), MEDIA),
    "JSON lines": ((("Content-Type", "application/jsonl"),), MEDIA),
    "two in one": ((("Content-Type", f"{JSON}, {JSON}"),), MEDIA),
    "another charset": ((("Content-Type", f"{JSON}; charset=utf-16"),), MEDIA),
    "latin": ((("Content-Type", f"{JSON}; charset=iso-8859-1"),), MEDIA),
    "no such charset": ((("Content-Type", f"{JSON}; charset=x"),), MEDIA),
    "gzip": ((("Content-Type", JSON), ("Content-Encoding", "gzip")), MEDIA),
    "deflate": ((("Content-Type", JSON), ("Content-Encoding", "deflate")), MEDIA),
    "brotli": ((("Content-Type", JSON), ("Content-Encoding", "br")), MEDIA),
    "no such encoding": ((("Content-Type", JSON), ("Content-Encoding", "x")), MEDIA),
    "an encoding twice": (
        (("Content-Type", JSON), ("Content-Encoding", "identity"), ("Content-Encoding", "gzip")),
        MEDIA,
    ),
}


@pytest.mark.threat(39)
@pytest.mark.conforms("ASVS-1.5.3", "ASVS-2.2.1")
@pytest.mark.parametrize("endpoint", WITH_BODY, ids=_named)
async def test_how_it_is_written(desk: Api, endpoint: Endpoint) -> None:
    """THREATS 39: JSON in any spelling but one shows a refusal, and that nothing was changed."""
    call, before = sound(endpoint), stored(desk.folder)
    for what, (written, expected) in WRITTEN.items():
        body = written(json.dumps(call.body))
        reply = await desk.send(
            endpoint.method, call.target, body=body, headers={"Content-Type": JSON}
        )
        assert (what, *reply.told) == (what, *expected)
    assert stored(desk.folder) == before


@pytest.mark.parametrize("endpoint", WITH_BODY, ids=_named)
async def test_what_it_is_said_to_be(desk: Api, endpoint: Endpoint) -> None:
    """A body of another type, charset or encoding shows 415, whatever it holds."""
    call, before = sound(endpoint), stored(desk.folder)
    body = json.dumps(call.body).encode()
    for what, (fields, expected) in HEADS.items():
        for sent in (body, gzip.compress(body), zlib.compress(body)):
            answered = await desk.wire(_request(desk, call, fields, sent))
            assert (what, *answered.told) == (what, *expected)
    assert stored(desk.folder) == before


async def test_two_types_are_none(desk: Api) -> None:
    """Two `Content-Type` fields, alike or not, show a refusal."""
    call = sound(WITH_BODY[0])
    for second in (JSON, "text/plain"):
        fields = (("Content-Type", JSON), ("Content-Type", second))
        answered = await desk.wire(_request(desk, call, fields, b"{}"))
        assert answered.told == MALFORMED


def _request(desk: Api, call: Sound, fields: Fields, body: bytes, *, length: int = -1) -> bytes:
    lines = (
        f"{call.endpoint.method} {call.target} HTTP/1.1",
        *(f"Host: {HOST}", f"Authorization: Bearer {desk.token}", "Connection: close"),
        *(f"{name}: {value}" for name, value in fields),
        f"Content-Length: {len(body) if length < 0 else length}",
    )
    return "\r\n".join((*lines, "", "")).encode() + body


@pytest.mark.threat(69)
@pytest.mark.parametrize("endpoint", WITH_BODY, ids=_named)
async def test_how_long_it_is(desk: Api, endpoint: Endpoint) -> None:
    """THREATS 69: ten megabytes that are announced, and bodies a little longer than the endpoint
    takes, show 413.
    """
    call, before = sound(endpoint), stored(desk.folder)
    typed = (("Content-Type", JSON),)
    answered = await desk.wire(_request(desk, call, typed, b"", length=MEGABYTES))
    assert answered.told == LARGE
    text = json.dumps(call.body).encode()
    body = text + b" " * (endpoint.max_body_bytes - len(text) + 1)
    assert (await desk.wire(_request(desk, call, typed, body))).told == LARGE
    head = _request(desk, call, typed, b"").partition(b"Content-Length")[0]
    chunks = b"4000\r\n" + b" " * 16384 + b"\r\n"
    count = endpoint.max_body_bytes // 16384 + 1
    answered = await desk.wire(head + b"Transfer-Encoding: chunked\r\n\r\n" + chunks * count)
    assert answered.told == LARGE
    assert stored(desk.folder) == before


@pytest.mark.parametrize("endpoint", WITH_BODY, ids=_named)
async def test_a_body_that_ends_early(desk: Api, endpoint: Endpoint) -> None:
    """A body that is shorter than was said, however sound so far, shows that nothing is done."""
    call, before = sound(endpoint), stored(desk.folder)
    body = json.dumps(call.body).encode()
    typed = (("Content-Type", JSON),)
    await desk.drop(_request(desk, call, typed, body, length=len(body) + 1))
    head = _request(desk, call, typed, b"").partition(b"Content-Length")[0]
    chunk = f"{len(body):x}\r\n".encode() + body + b"\r\n"
    await desk.drop(head + b"Transfer-Encoding: chunked\r\n\r\n" + chunk)
    assert stored(desk.folder) == before


async def test_a_body_that_does_not_come(desk: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    """A body that is sent too slowly shows a refusal after the time, not a connection for ever."""
    monkeypatch.setattr(reading, "BODY_WITHIN_S", 0.05)
    call = sound(WITH_BODY[0])
    typed = (("Content-Type", JSON),)
    answered = await desk.wire(_request(desk, call, typed, b"{", length=2))
    assert answered.told == MALFORMED


def _lengths(body: bytes) -> Iterator[bytes]:
    """Return framings of which two readers could make two bodies."""
    size, chunked = b"Content-Length: %d\r\n" % len(body), b"Transfer-Encoding: chunked\r\n"
    yield size + chunked
    yield size + b"Content-Length: 1\r\n"
    yield b"Content-Length: +%d\r\n" % len(body)
    yield b"Content-Length: 0x%x\r\n" % len(body)
    yield b"Content-Length: -1\r\n"
    yield b"Transfer-Encoding: gzip, chunked\r\n" + size
    yield b"Transfer-Encoding: chunked, identity\r\n"
    yield b"Transfer-Encoding : chunked\r\n"
    yield size + b" folded: 1\r\n"


@pytest.mark.conforms("ASVS-4.2.1")
async def test_framings_with_two_readings(desk: Api) -> None:
    """A body whose length is said in two ways shows a refusal, and that nothing is done."""
    call, before = sound(WITH_BODY[0]), stored(desk.folder)
    body = json.dumps(call.body).encode()
    head = _request(desk, call, (("Content-Type", JSON),), b"").partition(b"Content-Length")[0]
    for framing in _lengths(body):
        answered = await desk.wire(head + framing + b"\r\n" + body)
        assert (framing, *answered.told) == (framing, *MALFORMED)
    assert stored(desk.folder) == before


async def test_chunks_are_a_body_like_any_other(desk: Api) -> None:
    """A sound body in chunks, and one with its charset said, show what they say."""
    target, headers = "/config/chunked", f"Authorization: Bearer {desk.token}\r\n"
    head = f"PUT {target} HTTP/1.1\r\nHost: x\r\n{headers}Content-Type: {JSON}; Charset=UTF-8\r\n"
    sent = f"{head}Transfer-Encoding: chunked\r\n\r\n1\r\n{{\r\n1;x=y\r\n}}\r\n0\r\n\r\n"
    assert (await desk.wire(sent.encode())).status == 201
