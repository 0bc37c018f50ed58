"""Vonage: what is asked of it, and what its callbacks say."""

from datetime import timedelta

import pytest
from cryptography.hazmat.primitives import serialization
from pydantic import ValidationError

from plugins.transports.vonage import STALE_S, Options, Vonage
from sidecar.core.errors import AccessDenied
from sidecar.core.messages import Told
from sidecar.outside import Outside
from tests.conformance.lent import lent
from tests.vendors.peer import listening
from tests.vendors.stands import KEY, NOW, letter
from tests.vendors.vonage import (
    APPLICATION,
    SIGNATURE_SECRET,
    VonageServer,
    callback,
    private_key,
)

URL = "https://shop.example.com/_sidecar/receipts/tested"
AT = NOW.timestamp()
RIGHT = {"application": APPLICATION, "private_key": "to be given", "sender": "+447700900001"}


def vonage(call: Outside | None = None, **options: object) -> Vonage:
    whole = {**RIGHT, "private_key": private_key(), "private": True, **options}
    return Vonage(Options.model_validate(whole), lent("tested", call=call, now=lambda: NOW))


def listener() -> Vonage:
    return vonage(receipts=True, signature_secret=SIGNATURE_SECRET)


async def test_what_is_sent() -> None:
    """A message as it arrives shows its fields; Vonage gives up when the letter is of no use."""
    server = VonageServer(AT)
    async with listening(server) as peer, Outside() as call:
        options = {"receipts": True, "signature_secret": SIGNATURE_SECRET}
        receipt = await vonage(call, endpoint=peer.url, **options).send(letter())
        soon = letter(expires_at=NOW + timedelta(seconds=5))
        await vonage(call, endpoint=peer.url).send(soon)
    assert receipt.reference in server.taken
    first, second = server.taken.values()
    assert first == {
        "channel": "sms",
        "message_type": "text",
        "to": "4915112345678",
        "from": "447700900001",
        "text": "Your code is 914 207.",
        "client_ref": KEY,
        "ttl": 600,
        "webhook_url": URL,
        "webhook_version": "v1",
    }
    assert (second["ttl"], "webhook_url" in second) == (20, False)


async def test_what_callbacks_say() -> None:
    """Each status shows whether it settles what became of the message, and why it failed."""
    transport = listener()
    for status in ("submitted", "news-to-us", ""):
        assert await transport.told(callback(URL, "u-1", status, AT)) == ()
    delivered = callback(URL, "u-1", "delivered", AT)
    assert await transport.told(delivered) == (Told("u-1", arrived=True),)
    lost = callback(URL, "u-1", "undeliverable", AT)
    assert await transport.told(lost) == (Told("u-1", arrived=False, reason="1190"),)
    bare = callback(URL, "u-1", "rejected", AT)
    assert await transport.told(bare) == (Told("u-1", arrived=False),)


async def test_callbacks_of_others_are_refused() -> None:
    """Callbacks of another time, key, application or body show that none is believed."""
    transport = listener()
    old, early = AT - STALE_S - 1, AT + 120
    forged = (
        *(callback(URL, "u-1", "delivered", at) for at in (old, early)),
        callback(URL, "u-1", "delivered", AT, application_id="another"),
        callback(URL, "u-1", "delivered", AT, payload_hash=None),
        callback(URL, "u-1", "delivered", AT, payload_hash="\u00e9"),
        callback(URL, "u-1", "delivered", AT, iat="today"),
        callback(URL, "u-1", "delivered", AT, secret="0" * 32),
        callback(URL, "u-1", "delivered", AT, body=b"{}"),
    )
    for call in forged:
        with pytest.raises(AccessDenied):
            await transport.told(call)
    assert await transport.told(callback(URL, "u-1", "delivered", AT - STALE_S + 1))
    with pytest.raises(AccessDenied):
        await vonage().told(callback(URL, "u-1", "delivered", AT))


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"receipts": True}, "by which callbacks are signed"),
        ({"signature_secret": "short"}, "at least 16"),
        ({"endpoint": "http://127.0.0.1:1"}, "not https"),
        ({"application": "x"}, "pattern"),
        ({"sender": "a\r\nb"}, "pattern"),
    ],
)
def test_wrong_options(wrong: dict[str, object], said: str) -> None:
    """Options that cannot be meant show that they are refused when the file is read."""
    with pytest.raises(ValidationError, match=said):
        Options.model_validate({**RIGHT, **wrong})


def test_a_key_that_cannot_sign_is_told() -> None:
    """Something else in place of the private key shows that it is a fault, and is not repeated."""
    private = serialization.load_pem_private_key(private_key().encode(), None)
    public = private.public_key().public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    for given in ("nonsense", public.decode()):
        with pytest.raises(ValueError, match="private_key: ") as fault:
            vonage(private_key=given)
        assert given not in str(fault.value)


def test_vonage_is_called_by_its_own_name() -> None:
    """Options without an endpoint show that Vonage's own is called, and nothing taken twice."""
    own = vonage(private=False)
    assert own._url == "https://api.nexmo.com/v1/messages"
    assert not own.traits.idempotent
