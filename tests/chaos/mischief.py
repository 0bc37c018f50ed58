"""What goes wrong with single answers of the unruly application, each by its name."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from random import Random
from typing import Final

from tests.chaos.peer import USERS, Answer, Framing, Peer, Request, answer_to, cookie

Mischief = Callable[[Peer, Answer, Random], Awaitable[bool]]
"""Answers in its way; returns whether the connection goes on."""

SMALL: Final = 16_384
"""Bytes that are out at once, in one piece."""
IN_TIME_S: Final = (0.05, 0.6)
TOO_LATE_S: Final = 4.0
"""Longer than the sidecar waits for a head; it has left by then."""
SOON_S: Final = (0.0, 0.001, 0.01, 0.05)


def _part(answer: Answer, dice: Random) -> bytes:
    """Return the answer without its end, with or without a piece of its body."""
    return answer.wire[: dice.randrange(len(answer.head), len(answer.wire))]


async def half_closes(peer: Peer, _answer: Answer, _dice: Random) -> bool:
    peer.half_close()
    await peer.left()
    return False


async def closes(peer: Peer, _answer: Answer, _dice: Random) -> bool:
    peer.close()
    return False


async def resets(peer: Peer, answer: Answer, dice: Random) -> bool:
    if dice.random() < 0.7:
        await peer.say(_part(answer, dice))
        await asyncio.sleep(dice.choice(SOON_S))
    peer.reset()
    return False


async def cuts_short(peer: Peer, answer: Answer, dice: Random) -> bool:
    """Half a body, then the end, as a regular close or from one side only."""
    await peer.say(_part(answer, dice))
    peer.half_close()
    if dice.random() < 0.5:
        await peer.left()
    return False


async def is_late(peer: Peer, answer: Answer, dice: Random) -> bool:
    await asyncio.sleep(dice.uniform(*IN_TIME_S))
    await peer.tell(answer)
    return True


async def is_too_late(peer: Peer, answer: Answer, _dice: Random) -> bool:
    await asyncio.sleep(TOO_LATE_S)
    await peer.tell(answer)
    return True


async def is_silent(peer: Peer, _answer: Answer, _dice: Random) -> bool:
    await peer.left()
    return False


async def gets_stuck(peer: Peer, answer: Answer, dice: Random) -> bool:
    await peer.say(_part(answer, dice))
    await peer.left()
    return False


async def babbles(peer: Peer, _answer: Answer, _dice: Random) -> bool:
    await peer.say(b"HTTP/1.1 2oo ok\r\n\x00nonsense\r\n\r\n")
    return False


async def leaves(peer: Peer, answer: Answer, dice: Random) -> bool:
    """A sound answer, after which the connection ends although nobody said so."""
    await peer.tell(answer)
    await asyncio.sleep(dice.choice(SOON_S))
    return False


# --- what nobody asked for ------------------------------------------------------------------------


def _foreign(number: str, dice: Random) -> bytes:
    """Return an answer for somebody, which says by which number it is known."""
    fields = {"cookie": f"app={cookie(dice.choice(USERS))}"}
    request = Request("GET", "/sized", {"token": number, "size": "40"}, fields, b"")
    return answer_to(request, f"X-Unasked: {number}").wire


async def _unasked(peer: Peer, answer: Answer, said: bytes, *, number: str, dice: Random) -> bool:
    """Say something while no request is there; return whether it was said."""
    peer.deaf()
    await peer.tell(answer)
    await asyncio.sleep(dice.choice(SOON_S))
    done = peer.say_unasked(said, number)
    peer.listening()
    return done


async def poisons(peer: Peer, answer: Answer, dice: Random) -> bool:
    number = f"poisons-{peer.record.number()}"
    if not await _unasked(peer, answer, _foreign(number, dice), number=number, dice=dice):
        return True
    # A request that has crossed it gets it; with an answer of its own after that, the next one
    # would get the wrong one, which nobody in between could see.
    await peer.left(1)
    return False


async def poisons_partly(peer: Peer, answer: Answer, dice: Random) -> bool:
    """The next sound answer becomes a field of this one, for whoever does not notice."""
    number = f"poisons_partly-{peer.record.number()}"
    part = f"HTTP/1.1 200 OK\r\nX-Unasked: {number}\r\nX-Rest: ".encode()
    await _unasked(peer, answer, part, number=number, dice=dice)
    return True


async def gives_up_idle(peer: Peer, answer: Answer, dice: Random) -> bool:
    number = f"gives_up_idle-{peer.record.number()}"
    said = (
        "HTTP/1.1 408 Request Timeout\r\nConnection: close\r\nContent-Length: 0\r\n"
        f"X-Unasked: {number}\r\n\r\n"
    )
    return not await _unasked(peer, answer, said.encode(), number=number, dice=dice)


async def says_more(peer: Peer, answer: Answer, dice: Random) -> bool:
    """Something is glued to the answer, so that whoever reads one has read the other."""
    number = f"glued-{peer.record.number()}"
    more = _foreign(number, dice) if dice.random() < 0.7 else b"and more"
    await peer.say(answer.wire + more)
    await peer.left(1)
    return False


EVERY: Final = frozenset(Framing)
FRAMED: Final = frozenset({Framing.SIZED, Framing.CHUNKED})
"""With an end that is told: only there anybody can see that it is missing."""

MISCHIEF: Final[Mapping[Mischief, frozenset[Framing]]] = {
    half_closes: EVERY,
    closes: EVERY,
    resets: EVERY,
    cuts_short: FRAMED,
    is_late: EVERY,
    is_too_late: EVERY,
    is_silent: EVERY,
    gets_stuck: EVERY,
    babbles: EVERY,
    leaves: FRAMED,
    poisons: FRAMED,
    poisons_partly: FRAMED,
    gives_up_idle: FRAMED,
    says_more: FRAMED,
}
SMALL_ONLY: Final = frozenset({poisons, poisons_partly, gives_up_idle, says_more})
SLOW: Final = frozenset({is_too_late, is_silent, gets_stuck})
RARELY: Final = 0.25
"""How often slow ones are drawn beside others: with more of them people do little but wait."""


def name(mischief: Mischief) -> str:
    return getattr(mischief, "__name__", "")


NAMES: Final = tuple(name(mischief) for mischief in MISCHIEF)


def drawn(answer: Answer, dice: Random) -> Mischief:
    """Return one that can be done to this answer."""
    small = len(answer.wire) <= SMALL
    fit = [
        mischief
        for mischief, framings in MISCHIEF.items()
        if answer.framing in framings and (small or mischief not in SMALL_ONLY)
    ]
    [mischief] = dice.choices(fit, [RARELY if one in SLOW else 1 for one in fit])
    return mischief
