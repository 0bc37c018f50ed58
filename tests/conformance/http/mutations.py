"""Requests that are almost right: a fixed corpus, the same in every run."""

import random
from collections.abc import Iterator

from tests.conformance.http.corpus import CHUNKED, get, lined, post

SEEDS = {
    "get": get(b"X: 1\r\nCookie: a=1; b=2\r\n"),
    "length": post(b"Content-Length: 5\r\nX: 1\r\n", b"hello"),
    "chunks": post(CHUNKED, b"5\r\nhello\r\n6\r\n world\r\n0\r\n\r\n"),
    "extension": post(CHUNKED, b'5;a="b"\r\nhello\r\n0;c\r\nT: t\r\n\r\n'),
    "head-in-length": post(b"Content-Length: 36\r\n", lined(b"GET /in HTTP/1.1")),
    "head-in-chunk": post(CHUNKED, b"24\r\n%b\r\n0\r\n\r\n" % lined(b"GET /in HTTP/1.1")),
    "pipelined": post(b"Content-Length: 2\r\n", b"hi") + get() + post(CHUNKED, b"0\r\n\r\n"),
    "http10": get(b"Connection: keep-alive\r\n", line=b"POST /x?y HTTP/1.0"),
}
HOSTILE = (
    *(b"\r", b"\n", b"\r\n", b"\n\n", b"\r\n\r\n", b"\0", b" ", b"\t", b"\x0b", b"\x0c", b"\x7f"),
    *(b":", b";", b",", b'"', b"#", b"?", b"\\", b"+", b"-", b"_", b"x", b"0", b"1", b"9", b"a"),
    *(b"\x80", b"\xa0", b"\xff", "٥".encode(), b"0x", b"00", b"chunked", b", chunked"),
    *(b"Content-Length: 5\r\n", b"Content-Length: 0\r\n", b"content-length:\t3\r\n"),
    *(b"Transfer-Encoding: chunked\r\n", b"Transfer-Encoding: identity\r\n", b"Host: b\r\n"),
    *(b"0\r\n\r\n", b"5\r\nhello\r\n", b" HTTP/1.1\r\n", b"GET /y HTTP/1.1\r\nHost: b\r\n\r\n"),
)


def mutants(seed: str, count: int) -> Iterator[tuple[bytes, int]]:
    """Return so many distinct mutants of a seed, and where each is cut into two packets."""
    chance = random.Random(seed)  # noqa: S311 - the same corpus each time is the point
    known = {SEEDS[seed]}
    while len(known) <= count:
        raw = SEEDS[seed]
        for _ in range(chance.choice((1, 1, 2, 3))):
            raw = mutated(raw, chance)
        if raw not in known:
            known.add(raw)
            yield raw, chance.choice((0, chance.randrange(1, max(2, len(raw)))))


def mutated(raw: bytes, chance: random.Random) -> bytes:
    at = chance.randrange(len(raw) + 1)
    match chance.randrange(6):
        case 0 | 1:
            return raw[:at] + chance.choice(HOSTILE) + raw[at:]
        case 2:
            return raw[:at] + chance.choice(HOSTILE) + raw[at + 1 :]
        case 3:
            return raw[:at] + raw[at + chance.choice((1, 1, 2, 4)) :]
        case 4:
            lines = raw.split(b"\r\n")
            lines.insert(chance.randrange(len(lines)), chance.choice(lines))
            return b"\r\n".join(lines)
        case _:
            return raw[:at] + raw[at : at + 1].swapcase() + raw[at + 1 :]
