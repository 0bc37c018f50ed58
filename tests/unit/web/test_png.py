"""Twin of sidecar/web/png.py: what a reader of PNG sees."""

import struct
import zlib
from base64 import b64decode
from collections.abc import Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sidecar.web.png import SCALE, png, qr_png
from sidecar.web.qr import modules

URI = "otpauth://totp/Harbour:ada%40example.com?secret=JBSWY3DPEHPK3PXP&issuer=Harbour"


def chunks(image: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Yield what the file consists of, each checked as readers do."""
    assert image[:8] == b"\x89PNG\r\n\x1a\n"
    at = 8
    while at < len(image):
        (length,) = struct.unpack(">I", image[at : at + 4])
        kind, data = image[at + 4 : at + 8], image[at + 8 : at + 8 + length]
        (crc,) = struct.unpack(">I", image[at + 8 + length : at + 12 + length])
        assert crc == zlib.crc32(kind + data)
        yield kind, data
        at += 12 + length


def pixels(image: bytes) -> list[list[bool]]:
    """Return the rows of the image; True is black."""
    found = [*chunks(image)]
    assert [kind for kind, _ in found] == [b"IHDR", b"IDAT", b"IEND"]
    width, height, *rest = struct.unpack(">IIBBBBB", found[0][1])
    assert rest == [1, 0, 0, 0, 0]
    raw = zlib.decompress(found[1][1])
    stride = 1 + (width + 7) // 8
    assert len(raw) == stride * height
    lines = [raw[at : at + stride] for at in range(0, len(raw), stride)]
    assert {line[0] for line in lines} == {0}
    return [[not line[1 + x // 8] >> (7 - x % 8) & 1 for x in range(width)] for line in lines]


@given(
    rows=st.integers(1, 20).flatmap(
        lambda width: st.lists(
            st.lists(st.booleans(), min_size=width, max_size=width), min_size=1, max_size=20
        )
    ),
    scale=st.integers(1, 9),
)
@settings(max_examples=50, deadline=None)
def test_every_module_is_a_square(rows: list[list[bool]], scale: int) -> None:
    """Any rows show each module as a square of its colour."""
    seen = pixels(png(rows, scale))
    assert len(seen) == scale * len(rows)
    assert seen == [
        [dark for dark in row for _ in range(scale)] for row in rows for _ in range(scale)
    ]


@pytest.mark.parametrize("text", [URI, "A"])
def test_the_code_is_that_of_the_page(text: str) -> None:
    """A text shows the same modules as its SVG, in a data URL."""
    head, _, data = qr_png(text).partition(",")
    assert head == "data:image/png;base64"
    assert pixels(b64decode(data, validate=True)) == pixels(png(modules(text), SCALE))
