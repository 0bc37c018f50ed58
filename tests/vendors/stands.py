"""Each transport before the provider that it is for, to be tried out."""

from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

from pydantic import BaseModel

from sidecar.core.errors import Undelivered
from sidecar.core.messages import Callback, Letter
from sidecar.core.protocols import CallOutside
from sidecar.core.transports import Transport
from sidecar.loader import Role, resolve
from sidecar.outside import Outside
from tests.conformance.lent import lent
from tests.vendors import receiver, sigv4, sns, twilio, vonage
from tests.vendors.peer import Answers, Mishap, Peer, answer, listening

NOW: Final = datetime(2026, 6, 1, 12, tzinfo=UTC)
PHONE, MAILBOX = "+4915112345678", "ada.lovelace@example.com"
KEY: Final = "abcdefghijklmnopqrstuv"

HASTE: Final = "300ms"

Failing = Mapping[str, tuple[Callable[[], None], Undelivered]]
"""What can befall the next letter: how to bring it about, and what must be said of it."""


@dataclass(slots=True)
class Stand:
    """One transport, what its provider took so far, and what can go wrong."""

    transport: Transport
    hasty: Transport
    """The same, but waits for nothing."""
    options: BaseModel
    taken: Callable[[], list[tuple[str, str]]]
    """Address and text of each letter."""
    failing: Failing
    secrets: tuple[str, ...] = ()
    callback: Callable[[str], Callback] | None = None
    """A genuine callback about a reference; None where the provider makes none."""
    forged: Callable[[str], tuple[Callback, ...]] = field(default=lambda _: ())


def letter(channel: str = "sms", **changed: object) -> Letter:
    """Return a fine letter, parts of it changed."""
    to = PHONE if channel == "sms" else MAILBOX
    fields: dict[str, object] = {
        "channel": channel,
        "to": to,
        "text": "Your code is 914 207.",
        "key": KEY,
        "expires_at": NOW + timedelta(minutes=10),
        "subject": "Your code",
        "html": "<p>Your code is <b>914 207</b>.</p>",
    }
    return Letter(**{**fields, **changed})  # type: ignore[arg-type]


def built(
    name: str, call: CallOutside | None = None, **options: object
) -> tuple[Transport, Transport, BaseModel]:
    """Return a bundled transport named `tested`, a hasty twin, and its options."""
    plugin = resolve(Role.TRANSPORTS, name)
    tools = lent("tested", call=call, now=lambda: NOW)
    validated = plugin.options.model_validate(options)
    hurried = {"timeout": HASTE} if "timeout" in plugin.options.model_fields else {}
    hasty: Transport = plugin.build(plugin.options.model_validate({**options, **hurried}), tools)
    return plugin.build(validated, tools), hasty, validated


def failing(peer: Peer, **more: tuple[bytes, Undelivered]) -> Failing:
    """Return what can befall any call over HTTP, and more of one provider."""
    common: dict[str, tuple[Mishap | bytes, Undelivered]] = {
        "hung-up": (Mishap.HANG_UP, Undelivered.UNSURE),
        "silent": (Mishap.SILENCE, Undelivered.UNSURE),
        "dripping": (Mishap.DRIP, Undelivered.UNSURE),
        "cut": (Mishap.CUT, Undelivered.UNSURE),
        "huge": (answer(200, b"x" * 100_000), Undelivered.UNSURE),
        "redirect": (answer(302, "", f"Location: {peer.url}/"), Undelivered.REFUSED),
        "throttled": (answer(429, "", "Retry-After: 7"), Undelivered.UNAVAILABLE),
        "down": (answer(503), Undelivered.UNAVAILABLE),
        "broken": (answer(500, "<h1>Oops +4915112345678</h1>"), Undelivered.UNSURE),
        "gateway": (answer(502), Undelivered.UNSURE),
        "forbidden": (answer(403, "no"), Undelivered.REFUSED),
    }
    whole = {**common, **more}
    return {name: (_next(peer, said), why) for name, (said, why) in whole.items()}


def _next(peer: Peer, said: Mishap | bytes) -> Callable[[], None]:
    return lambda: peer.next_up.append(said)


MALFORMED: Final = {
    "no-json": (answer(200, "<html>"), Undelivered.UNSURE),
    "no-object": (answer(200, "[1]"), Undelivered.UNSURE),
    "no-name": (answer(200, "{}"), Undelivered.UNSURE),
    "odd-name": (answer(200, '{"sid": "a b", "message_uuid": 5}'), Undelivered.UNSURE),
    "odd-code": (answer(400, '{"code": {"a": 1}, "type": 7}'), Undelivered.REFUSED),
}


@asynccontextmanager
async def _calling(answers: Answers) -> AsyncIterator[tuple[Peer, Outside]]:
    async with AsyncExitStack() as stack:
        peer = await stack.enter_async_context(listening(answers))
        yield peer, await stack.enter_async_context(Outside())


@asynccontextmanager
async def a_twilio(_folder: Path) -> AsyncIterator[Stand]:
    server = twilio.TwilioServer()
    async with _calling(server) as (peer, call):
        transport, hasty, options = built(
            *("twilio", call),
            account=twilio.ACCOUNT,
            auth_token=twilio.TOKEN,
            sender="+15005550006",
            receipts=True,
            endpoint=peer.url,
            private=True,
        )
        url = "https://shop.example.com/_sidecar/receipts/tested"
        yield Stand(
            transport,
            hasty,
            options,
            lambda: [(form["To"], form["Body"]) for form in server.taken.values()],
            failing(
                peer,
                **MALFORMED,
                invalid=(twilio.problem(400, 21211), Undelivered.RECIPIENT),
                landline=(twilio.problem(400, 21614), Undelivered.RECIPIENT),
                stopped=(twilio.problem(400, 21610), Undelivered.RECIPIENT),
                credentials=(twilio.problem(401, 20003), Undelivered.REFUSED),
                region=(twilio.problem(403, 21408), Undelivered.REFUSED),
                busy=(twilio.problem(429, 20429), Undelivered.UNAVAILABLE),
            ),
            (twilio.TOKEN,),
            lambda sid: twilio.callback(url, sid, "delivered"),
            lambda sid: (twilio.callback(url, sid, "delivered", token="another"),),
        )


@asynccontextmanager
async def a_vonage(_folder: Path) -> AsyncIterator[Stand]:
    server = vonage.VonageServer(NOW.timestamp())
    async with _calling(server) as (peer, call):
        transport, hasty, options = built(
            *("vonage", call),
            application=vonage.APPLICATION,
            private_key=vonage.private_key(),
            sender="Harbour",
            receipts=True,
            signature_secret=vonage.SIGNATURE_SECRET,
            endpoint=peer.url,
            private=True,
        )
        url, at = "https://shop.example.com/_sidecar/receipts/tested", NOW.timestamp()
        kinds = f"{vonage.TYPE}/messages#"
        yield Stand(
            transport,
            hasty,
            options,
            lambda: [(f"+{said['to']}", str(said["text"])) for said in server.taken.values()],
            failing(
                peer,
                **MALFORMED,
                number=(vonage.problem(422, f"{kinds}1150", "to"), Undelivered.RECIPIENT),
                sender=(vonage.problem(422, f"{kinds}1150", "from"), Undelivered.REFUSED),
                barred=(vonage.problem(403, f"{kinds}1050"), Undelivered.RECIPIENT),
                quota=(vonage.problem(402, f"{kinds}1070"), Undelivered.REFUSED),
                busy=(vonage.problem(429, f"{kinds}1000"), Undelivered.UNAVAILABLE),
            ),
            (vonage.SIGNATURE_SECRET, *vonage.private_key().splitlines()[1:5]),
            lambda uuid: vonage.callback(url, uuid, "delivered", at),
            lambda uuid: (
                vonage.callback(url, uuid, "delivered", at, secret="another-secret-altogether"),
                vonage.callback(url, uuid, "delivered", at, body=b'{"message_uuid": "x"}'),
            ),
        )


@asynccontextmanager
async def an_sns(_folder: Path) -> AsyncIterator[Stand]:
    server = sns.SnsServer()
    async with _calling(server) as (peer, call):
        transport, hasty, options = built(
            *("sns", call),
            region=sigv4.REGION,
            access_key=sigv4.ACCESS_KEY,
            secret_key=sigv4.SECRET_KEY,
            session_token=sns.SESSION_TOKEN,
            sender="Harbour",
            max_price=0.25,
            endpoint=peer.url,
            private=True,
        )
        bomb = '<!DOCTYPE a [<!ENTITY b "c">]><a><MessageId>&b;</MessageId></a>'
        yield Stand(
            transport,
            hasty,
            options,
            lambda: [(form["PhoneNumber"], form["Message"]) for form in server.taken.values()],
            failing(
                peer,
                number=(sns.problem(400, "InvalidParameter"), Undelivered.RECIPIENT),
                stopped=(sns.problem(400, "OptedOut"), Undelivered.RECIPIENT),
                credentials=(sns.problem(403, "InvalidClientTokenId"), Undelivered.REFUSED),
                busy=(sns.problem(400, "Throttling"), Undelivered.UNAVAILABLE),
                malformed=(answer(200, "<a><b>"), Undelivered.UNSURE),
                bomb=(answer(200, bomb), Undelivered.UNSURE),
            ),
            (sigv4.SECRET_KEY, sns.SESSION_TOKEN),
        )


@asynccontextmanager
async def a_webhook(_folder: Path) -> AsyncIterator[Stand]:
    server = receiver.Receiver(NOW.timestamp())
    async with _calling(server) as (peer, call):
        transport, hasty, options = built(
            *("webhook", call),
            url=peer.url + receiver.PATH,
            secret=receiver.SECRET,
            private=True,
        )
        known = failing(peer, address=(answer(422), Undelivered.RECIPIENT))
        yield Stand(
            transport,
            hasty,
            options,
            lambda: [(said["to"], said["text"]) for said in server.taken.values()],
            # The status alone counts, and a long answer is none.
            known,
            (receiver.SECRET, receiver.PATH),
        )
