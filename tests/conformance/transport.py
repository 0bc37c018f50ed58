"""What every transport must hold to; point it at one by a stand before its provider."""

import asyncio
import logging
import traceback
from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import Final

import pytest
import structlog

from sidecar.core.errors import AccessDenied, DeliveryFailed, Undelivered
from sidecar.core.messages import Callback, Letter, Receipt
from tests.vendors.stands import NOW, Stand, letter

MANY = 12
SILENT = ("silent", "dripping")
"""In the names of failures that only patience ends."""


@dataclass(frozen=True, slots=True)
class Case:
    """One transport under test."""

    name: str
    open: Callable[[Path], AbstractAsyncContextManager[Stand]]
    channel: str

    def letter(self, **changed: object) -> Letter:
        return replace(letter(self.channel), **changed)  # type: ignore[arg-type]


HOSTILE_PHONES: Final = (
    *("", "+", "4915112345678", "+0915112345678", "+49 151 12345678", "+49151123456789012"),
    *(
        "+4915112345678\r\nBcc: eve",
        "+4915112345678\n",
        "+4915112345678\0",
        "+49151１２３４５６７８",
    ),
    *("+4915112345678&Body=x", "+4915112345678,+15550001111", "ada@example.com", "\ud800"),
)
HOSTILE_MAILBOXES: Final = (
    *("", "@", "ada", "ada@", "@example.com", "ada@@example.com", "a b@example.com"),
    *("ada@example.com\r\nBcc: eve@example.com", "ada@example.com\n", "ada\0@example.com"),
    *("ada@example.com>\r\nRCPT TO:<eve@example.com", "<ada@example.com>", "ada@exa mple.com"),
    *("ada@example.com,eve@example.com", "ada@example.com;eve@x.com", '"a\r\nb"@example.com'),
    *("ada@-example.com", "ada@example..com", "a" * 65 + "@example.com", "a@" + "b" * 64 + ".com"),
    *("ada@" + "b." * 130 + "com", "a.\u202eda@example.com", ".a@example.com", "a..b@x.com"),
)
TEXTS: Final = (
    "Ihr Code: 914 207 – gültig 10 Minuten 🔑",
    "\u0631\u0645\u0632\u0643 914207 \u200e",
    "one\ntwo\n\nthree",
    ".\n..\n.hidden\n. ",
    "\n.\nMAIL FROM:<eve@example.com>\nRCPT TO:<ada@example.com>\nDATA\nx",
    "To=+15550001111&Body=other&MessageSid=SM0",
    '", "to": "15550001111", "x": "</Message><PhoneNumber>+1</PhoneNumber>',
    "x" * 5_000,
)


async def takes(case: Case, stand: Stand) -> None:
    """Shows that a letter that was taken is with the provider, once and unchanged."""
    one = case.letter()
    receipt = await stand.transport.send(one)
    assert receipt.provider == "tested"
    assert stand.taken() == [(one.to, one.text)]
    assert case.channel in stand.transport.traits.channels


async def same_key(case: Case, stand: Stand) -> None:
    """Shows that the same letter counts once wherever the transport promises that."""
    receipts = [await stand.transport.send(case.letter()) for _ in range(3)]
    if stand.transport.traits.idempotent and not stand.transport.traits.development:
        assert len(stand.taken()) == 1
        assert len(set(receipts)) == 1
    else:
        assert len(stand.taken()) == 3


async def concurrent(case: Case, stand: Stand) -> None:
    """Shows that letters on their way at the same time are not mixed up."""
    letters = [case.letter(key=f"{n:022d}", text=f"code {n:06d}") for n in range(MANY)]
    receipts = await asyncio.gather(*map(stand.transport.send, letters))
    assert sorted(text for _, text in stand.taken()) == [one.text for one in letters]
    references = [receipt.reference for receipt in receipts]
    assert "" in references or len(set(references)) == MANY


async def of_use(case: Case, stand: Stand) -> None:
    """Shows that nothing expired and nothing of another channel is sent."""
    late = case.letter(expires_at=NOW + timedelta(milliseconds=900))
    for one in (late, replace(late, expires_at=NOW - timedelta(1)), case.letter(channel="fax")):
        with pytest.raises(DeliveryFailed) as failed:
            await stand.transport.send(one)
        assert failed.value.why is Undelivered.REFUSED
    assert stand.taken() == []


async def hostile_addresses(case: Case, stand: Stand) -> None:
    """Shows that an address which is none reaches nobody, whatever it is made to look like."""
    for to in HOSTILE_PHONES if case.channel == "sms" else HOSTILE_MAILBOXES:
        with pytest.raises(DeliveryFailed) as failed:
            await stand.transport.send(case.letter(to=to))
        assert failed.value.why is Undelivered.RECIPIENT
    assert stand.taken() == []


async def hostile_texts(case: Case, stand: Stand) -> None:
    """Shows that no text says more than words: one letter, to one address, as written."""
    to = case.letter().to
    for number, text in enumerate(TEXTS):
        await stand.transport.send(case.letter(text=text, html="", key=f"{number:022d}"))
        assert len(stand.taken()) == number + 1
        assert stand.taken()[-1][0] == to
        assert stand.transport.traits.development or stand.taken()[-1] == (to, text)


async def hostile_subjects(case: Case, stand: Stand) -> None:
    """Shows that a subject never becomes a header, another line or another letter."""
    for subject in ("a\r\nBcc: eve@example.com", "a\nb", "a\rb", "a\0b", "\u2028b", "ü" * 500):
        before = len(stand.taken())
        one = case.letter(subject=subject, key=f"{before:022d}")
        try:
            await stand.transport.send(one)
        except DeliveryFailed as failed:
            assert failed.why is Undelivered.REFUSED  # noqa: PT017 - either outcome is right
            assert len(stand.taken()) == before
        else:
            assert [to for to, _ in stand.taken()[before:]] == [one.to]


async def failures(case: Case, stand: Stand) -> None:
    """Shows that each failure says truly whether the letter may be on its way, and then passes."""
    for name, (arrange, why) in stand.failing.items():
        sender = stand.hasty if any(word in name for word in SILENT) else stand.transport
        arrange()
        with pytest.raises(DeliveryFailed) as failed:
            await sender.send(case.letter())
        assert (name, failed.value.why) == (name, why)
    before = len(stand.taken())
    await stand.transport.send(case.letter(key="z" * 22))
    assert len(stand.taken()) == before + 1


async def silent(case: Case, stand: Stand) -> None:
    """Shows that neither address, text nor secret stands in a log line, a repr or a failure."""
    lines, told = _Lines(), [repr(stand.transport), repr(stand.options), str(stand.options)]
    logging.getLogger().addHandler(lines)
    try:
        with structlog.testing.capture_logs() as events:
            one = case.letter()
            told += [repr(one), repr(await stand.transport.send(one))]
            for name, (arrange, _) in stand.failing.items():
                if any(word in name for word in SILENT):
                    continue
                arrange()
                told += await _failing(stand, one)
            for to in HOSTILE_MAILBOXES[6:] + HOSTILE_PHONES[2:]:
                told += await _failing(stand, case.letter(to=to))
            for call in stand.forged("SM0"):
                with pytest.raises(AccessDenied) as denied:
                    await stand.transport.told(call)
                told += traceback.format_exception(denied.value)
    finally:
        logging.getLogger().removeHandler(lines)
    everything = "\n".join([*told, *lines.told, *map(repr, events)])
    for secret in (one.to, one.to[1:], "ada@example", "914 207", "914207", *stand.secrets):
        assert secret not in everything


async def callbacks(case: Case, stand: Stand) -> None:
    """Shows that only a genuine callback is believed, however often it comes."""
    del case
    if stand.callback is None:
        for method in ("POST", "GET"):
            with pytest.raises(AccessDenied):
                await stand.transport.told(Callback(method, "https://x/", (), b""))
        assert not stand.transport.traits.receipts
        return
    assert stand.transport.traits.receipts
    genuine = stand.callback("SM0123")
    said = await stand.transport.told(genuine)
    assert [(one.reference, one.arrived) for one in said] == [("SM0123", True)]
    assert await stand.transport.told(genuine) == said
    unsigned = replace(genuine, headers=())
    others = (unsigned, replace(genuine, body=genuine.body + b" "), replace(genuine, body=b"\xff"))
    twice = replace(genuine, headers=genuine.headers * 2)
    for call in (*others, twice, replace(genuine, method="GET"), *stand.forged("SM0123")):
        with pytest.raises(AccessDenied):
            await stand.transport.told(call)


async def _failing(stand: Stand, one: Letter) -> list[str]:
    try:
        receipt: Receipt = await stand.transport.send(one)
    except DeliveryFailed as failed:
        return [str(failed), repr(failed), *traceback.format_exception(failed)]
    return [repr(receipt)]


class _Lines(logging.Handler):
    def __init__(self) -> None:
        super().__init__(logging.NOTSET)
        self.told: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.told.append(record.getMessage())


CHECKS: Final[tuple[Callable[[Case, Stand], Awaitable[None]], ...]] = (
    takes,
    same_key,
    concurrent,
    of_use,
    hostile_addresses,
    hostile_texts,
    hostile_subjects,
    failures,
    silent,
    callbacks,
)
