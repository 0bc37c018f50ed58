"""Where the frames of a WebSocket end, without looking into them, and the one that we write."""

from typing import Final

CLOSE: Final = 0x8
_FINAL: Final = 0x80
_MASKED: Final = 0x80
_LENGTH: Final = 0x7F
_CONTROL: Final = 0x8
_OPCODE: Final = 0xF
_OPCODES: Final = frozenset((0x0, 0x1, 0x2, CLOSE, 0x9, 0xA))
"""All that are registered (RFC 6455 §11.8); the others mean that this is no WebSocket."""
_LONG: Final = {126: 2, 127: 8}
"""Lengths that stand for "in so many bytes behind" (RFC 6455 §5.2)."""
_MASK_BYTES: Final = 4
HEAD_MOST: Final = 2 + 8 + _MASK_BYTES
CONTROL_MOST: Final = 125
"""Bytes in a control frame (RFC 6455 §5.5)."""
PAYLOAD_MOST: Final = 2**63 - 1


class Frames:
    """Follows one direction from frame to frame; payload is counted, neither read nor copied."""

    __slots__ = ("_head", "_left", "_masked", "closed", "sure")

    def __init__(self, *, masked: bool) -> None:
        """Nothing has come yet; clients mask their frames, applications do not (RFC 6455 §5.1)."""
        self._masked = masked
        self._head = b""
        """What has come of a head that is not whole yet."""
        self._left = 0
        """Bytes of payload that the frame under way still lacks."""
        self.closed = False
        """A Close frame has begun: no other may follow it (RFC 6455 §5.5.1)."""
        self.sure = True
        """Everything so far was frames; if not, nobody can tell where one ends."""

    @property
    def at_boundary(self) -> bool:
        """Whether the last frame has ended and no other has begun."""
        return self.sure and not self._left and not self._head

    def follow(self, data: bytes) -> None:
        """The bytes are counted, whatever they are the end, the middle or the beginning of."""
        at, end = 0, len(data)
        while at < end and self.sure:
            at = self.finish(data, at)

    def finish(self, data: bytes, at: int = 0) -> int:
        """Return the place behind one frame: the one under way, or else the one beginning here.

        Where it goes on after these bytes, or is none, that is the end of them.
        """
        if not self._left:
            at = self._read_head(data, at)
        taken = min(self._left, len(data) - at)
        self._left -= taken
        return at + taken

    def _read_head(self, data: bytes, at: int) -> int:
        """Return the place behind the head (RFC 6455 §5.2); its payload is expected from here."""
        before = len(self._head)
        head = self._head + data[at : at + HEAD_MOST - before]
        if len(head) < 2:  # noqa: PLR2004 - the fixed part of a head
            self._head = head
            return len(data)
        short = head[1] & _LENGTH
        long = _LONG.get(short, 0)
        size = 2 + long + (_MASK_BYTES if self._masked else 0)
        if not self._is_head(head[0], head[1]):
            self.sure = False
            return len(data)
        if len(head) < size:
            self._head = head
            return len(data)
        self._head = b""
        self._left = int.from_bytes(head[2 : 2 + long], "big") if long else short
        self.sure = self._left <= PAYLOAD_MOST
        self.closed = self.closed or head[0] & _OPCODE == CLOSE
        return at + size - before

    def _is_head(self, first: int, second: int) -> bool:
        opcode = first & _OPCODE
        whole = bool(first & _FINAL) and second & _LENGTH <= CONTROL_MOST
        return (
            opcode in _OPCODES
            and bool(second & _MASKED) is self._masked
            and (whole or not opcode & _CONTROL)
        )


def close_frame(code: int, reason: str, *, mask: bytes | None = None) -> bytes:
    """Return a Close frame (RFC 6455 §5.5.1); with a mask, as a client must send it.

    Raises:
        ValueError: the reason is longer than a control frame can hold.

    """
    payload = code.to_bytes(2, "big") + reason.encode()
    if len(payload) > CONTROL_MOST:
        raise ValueError("the reason of a Close frame has at most 123 bytes")
    head = bytes((_FINAL | CLOSE, len(payload) | (_MASKED if mask is not None else 0)))
    if mask is None:
        return head + payload
    masked = bytes(byte ^ mask[at % _MASK_BYTES] for at, byte in enumerate(payload))
    return head + mask + masked
