"""WebSocket frames as they are on the wire (RFC 6455 §5.2), written and read by the tests alone."""

import asyncio
from dataclasses import dataclass
from typing import Protocol

TEXT, BINARY, MORE, CLOSE, PING, PONG = 0x1, 0x2, 0x0, 0x8, 0x9, 0xA
COMPRESSED = 0x4
"""RSV1, as permessage-deflate uses it (RFC 7692 §6)."""
MASK = b"\x11\x22\xf3\x44"


def frame(
    opcode: int,
    payload: bytes = b"",
    *,
    final: bool = True,
    rsv: int = 0,
    mask: bytes | None = None,
) -> bytes:
    """Return one frame with the shortest head."""
    size = len(payload)
    masked = 0x80 if mask is not None else 0
    first = bytes((final << 7 | rsv << 4 | opcode,))
    if size < 126:
        head = first + bytes((masked | size,))
    elif size < 2**16:
        head = first + bytes((masked | 126,)) + size.to_bytes(2, "big")
    else:
        head = first + bytes((masked | 127,)) + size.to_bytes(8, "big")
    return head + payload if mask is None else head + mask + masked_with(mask, payload)


def masked_with(mask: bytes, payload: bytes) -> bytes:
    """Return the payload under the mask, or from under it."""
    size = len(payload)
    key = int.from_bytes((mask * (size // 4 + 1))[:size], "big")
    return (int.from_bytes(payload, "big") ^ key).to_bytes(size, "big")


def closing(code: int, reason: str = "", *, mask: bytes | None = None) -> bytes:
    return frame(CLOSE, code.to_bytes(2, "big") + reason.encode(), mask=mask)


@dataclass(frozen=True)
class Frame:
    """One frame as it was read."""

    opcode: int
    payload: bytes
    masked: bool
    final: bool = True
    rsv: int = 0

    @property
    def code(self) -> int:
        return int.from_bytes(self.payload[:2], "big")

    @property
    def reason(self) -> str:
        return self.payload[2:].decode()


class Exactly(Protocol):
    """Reads so many bytes."""

    async def __call__(self, size: int, /) -> bytes: ...


async def read_frame(exactly: Exactly, *, within_s: float = 4) -> Frame:
    """Return the next frame, unmasked; one that is cut off is an error."""
    async with asyncio.timeout(within_s):
        first, second = await exactly(2)
        size = second & 0x7F
        if size > 125:
            size = int.from_bytes(await exactly(2 if size == 126 else 8), "big")
        masked = bool(second & 0x80)
        mask = await exactly(4) if masked else bytes(4)
        payload = masked_with(mask, await exactly(size)) if size else b""
    return Frame(first & 0xF, payload, masked, bool(first & 0x80), first >> 4 & 7)
