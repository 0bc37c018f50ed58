"""QR codes as PNG, for apps and letters that show no SVG: one bit a pixel, nothing drawn.

Source: PNG (W3C, third edition) §5 and §11.2.
"""

import struct
import zlib
from base64 import b64encode
from collections.abc import Sequence
from itertools import repeat
from typing import Final

from sidecar.web.qr import modules

SCALE: Final = 6
"""Pixels a module: phones read it from a screen of any density."""
_SIGNATURE: Final = b"\x89PNG\r\n\x1a\n"
_GREY: Final = 0
_PLAIN_ROW: Final = b"\x00"
"""Filter type 0: the row stands as it is."""


def qr_png(text: str) -> str:
    """Return the text's QR code as a `data:` URL of a black on white PNG."""
    return f"data:image/png;base64,{b64encode(png(modules(text), SCALE)).decode()}"


def png(rows: Sequence[Sequence[bool]], scale: int) -> bytes:
    """Return a PNG of square pixels, each `scale` wide; True is dark."""
    width, height = len(rows[0]) * scale, len(rows) * scale
    head = struct.pack(">IIBBBBB", width, height, 1, _GREY, 0, 0, 0)
    lines = (line for row in rows for line in repeat(_PLAIN_ROW + _bits(row, scale), scale))
    data = zlib.compress(b"".join(lines), 9)
    return _SIGNATURE + _chunk(b"IHDR", head) + _chunk(b"IDAT", data) + _chunk(b"IEND", b"")


def _bits(row: Sequence[bool], scale: int) -> bytes:
    """Return the row packed, most significant bit first; a one is white, also past the end."""
    bits = "".join(("0" if dark else "1") * scale for dark in row)
    octets = -(-len(bits) // 8)
    return int(bits.ljust(8 * octets, "1"), 2).to_bytes(octets, "big")


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
