"""Twilio: what is asked of it, and what its callbacks say."""

from dataclasses import replace
from datetime import timedelta

import pytest
from pydantic import ValidationError

from plugins.transports.twilio import Options, Twilio, signature
from sidecar.core.errors import AccessDenied, DeliveryFailed, Undelivered
from sidecar.core.messages import Callback, Told
from sidecar.outside import Outside
from tests.conformance.lent import lent
from tests.vendors.peer import answer, listening
from tests.vendors.stands import NOW, letter
from tests.vendors.twilio import ACCOUNT, TOKEN, TwilioServer, callback

URL = "https://shop.example.com/_sidecar/receipts/tested"
RIGHT = {"account": ACCOUNT, "auth_token": TOKEN, "sender": "+15005550006"}
KEY = {"api_key": "SK" + "1b" * 16, "api_secret": "secret-of-the-key"}


def twilio(call: Outside | None = None, **options: object) -> Twilio:
    options = {"private": True, **RIGHT, **options}
    return Twilio(Options.model_validate(options), lent("tested", call=call, now=lambda: NOW))


def test_the_signature_is_twilios() -> None:
    """The example of Twilio's documentation shows that the same signature comes out."""
    pairs = [
        ("CallSid", "CA1234567890ABCDE"),
        *(("Caller", "+14158675309"), ("Digits", "1234")),
        *(("From", "+14158675309"), ("To", "+18005551212")),
    ]
    url = "https://mycompany.com/myapp.php?foo=1&bar=2"
    assert signature("12345", url, pairs) == b"RSOYDt4T1cUTdK1PDd93/VVr8B8="
    assert signature("12345", url, pairs[::-1] + pairs) == b"RSOYDt4T1cUTdK1PDd93/VVr8B8="


async def test_what_is_sent() -> None:
    """A message as it arrives shows its parameters; it is dropped when the letter is of no use."""
    server = TwilioServer()
    async with listening(server) as peer, Outside() as call:
        transport = twilio(call, endpoint=peer.url, receipts=True)
        receipt = await transport.send(letter())
        sender = "MG" + "0c" * 16
        late = letter(expires_at=NOW + timedelta(days=2))
        await twilio(call, endpoint=f"{peer.url}/", sender=sender).send(late)
    assert receipt.reference in server.taken
    assert list(server.taken.values()) == [
        {
            "To": "+4915112345678",
            "From": "+15005550006",
            "Body": "Your code is 914 207.",
            "ValidityPeriod": "600",
            "StatusCallback": URL,
        },
        {
            "To": "+4915112345678",
            "MessagingServiceSid": sender,
            "Body": "Your code is 914 207.",
            "ValidityPeriod": "36000",
        },
    ]


async def test_an_api_key_signs_in_instead() -> None:
    """An API key beside the account shows that it is what signs in."""
    server = TwilioServer(user=KEY["api_key"], secret=KEY["api_secret"])
    async with listening(server) as peer, Outside() as call:
        await twilio(call, endpoint=peer.url, auth_token=None, **KEY).send(letter())
    assert len(server.taken) == 1


async def test_waiting_is_told_on() -> None:
    """A throttled call shows for how long, within reason."""
    async with listening() as peer, Outside() as call:
        for said, told in (("7", 7), ("0", 1), ("999999", 3600), ("soon", None), ("-1", None)):
            peer.next_up.append(answer(429, "", f"Retry-After: {said}"))
            with pytest.raises(DeliveryFailed) as failed:
                await twilio(call, endpoint=peer.url).send(letter())
            assert (failed.value.why, failed.value.retry_after_s) == (
                Undelivered.UNAVAILABLE,
                told,
            )


async def test_what_callbacks_say() -> None:
    """Each status shows whether it settles what became of the message, and why it failed."""
    transport = twilio(receipts=True)
    for status in ("accepted", "queued", "sending", "sent", "news-to-us", ""):
        assert await transport.told(callback(URL, "SM1", status)) == ()
    assert await transport.told(callback(URL, "", "delivered")) == ()
    assert await transport.told(callback(URL, "SM1", "delivered")) == (Told("SM1", arrived=True),)
    said = await transport.told(callback(URL, "SM1", "undelivered", code="30005"))
    assert said == (Told("SM1", arrived=False, reason="30005"),)
    queried = f"{URL}?bodyAB=1"
    assert await transport.told(callback(queried, "SM1", "read"))


async def test_callbacks_of_others_are_refused() -> None:
    """Callbacks that were changed, moved or not asked for show that none is believed."""
    genuine = callback(URL, "SM1", "delivered")
    flood = replace(genuine, body=b"&".join(b"a=%d" % n for n in range(100)))
    moved = replace(genuine, url=URL + "?x=1")
    more = replace(genuine, body=genuine.body + b"&MessageStatus=failed")
    for call in (flood, moved, more, Callback("POST", URL, (), b"")):
        with pytest.raises(AccessDenied):
            await twilio(receipts=True).told(call)
    with pytest.raises(AccessDenied):
        await twilio().told(genuine)


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"auth_token": None}, "needed to sign in"),
        ({"auth_token": None, **KEY, "receipts": True}, "by which callbacks are signed"),
        ({"api_key": KEY["api_key"]}, "belong together"),
        ({"endpoint": "http://127.0.0.1:1"}, "not https"),
        ({"endpoint": "https://me@api.example.com"}, "is expected"),
        ({"endpoint": "https://api.example.com/?a"}, "is expected"),
        ({"account": "AC1/../x"}, "pattern"),
        ({"sender": "+1500&To=x"}, "pattern"),
    ],
)
def test_wrong_options(wrong: dict[str, object], said: str) -> None:
    """Options that cannot be meant show that they are refused when the file is read."""
    with pytest.raises(ValidationError, match=said):
        Options.model_validate({**RIGHT, **wrong})


def test_twilio_is_called_by_its_own_name() -> None:
    """Options without an endpoint show that Twilio's own is called."""
    own = Twilio(Options.model_validate(RIGHT), lent())
    assert own._url == f"https://api.twilio.com/2010-04-01/Accounts/{ACCOUNT}/Messages.json"
    assert not own.traits.idempotent
