"""Letters by webhook: how they are signed, and where they may go."""

import json
import re
from pathlib import Path
from types import ModuleType

import pytest
from pydantic import SecretStr, ValidationError

from plugins.transports.webhook import Options, Webhook, key, signature
from sidecar.core.errors import DeliveryFailed, Undelivered
from sidecar.outside import Outside
from tests.conformance.lent import lent
from tests.vendors.peer import listening
from tests.vendors.receiver import PATH, SECRET, Receiver
from tests.vendors.stands import KEY, NOW, letter

ROOT = Path(__file__).parent.parent.parent.parent
RIGHT = {"url": "https://inside.example.com/letters?token=1", "secret": SECRET}


def test_the_signature_is_of_standard_webhooks() -> None:
    """The example of the specification's libraries shows that the same signature comes out."""
    made = signature(
        key(SecretStr("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")),
        "msg_p5jXN8AQM9LWM0D4loKWxJek",
        "1614265330",
        b'{"test": 2432232314}',
    )
    assert made == b"v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


async def test_what_is_posted() -> None:
    """A letter as it arrives shows everything that there is to it, in ASCII."""
    server = Receiver(NOW.timestamp())
    async with listening(server) as peer, Outside() as call:
        whole = {**RIGHT, "url": peer.url + PATH, "private": True}
        transport = Webhook(Options.model_validate(whole), lent(call=call, now=lambda: NOW))
        receipt = await transport.send(letter("email", text="Gültig\n"))
        assert peer.heard[0].body.isascii()
        assert json.loads(peer.heard[0].body) == {
            "channel": "email",
            "to": "ada.lovelace@example.com",
            "subject": "Your code",
            "text": "Gültig\n",
            "html": "<p>Your code is <b>914 207</b>.</p>",
            "key": KEY,
            "expires_at": "2026-06-01T12:10:00+00:00",
        }
    assert receipt.reference == KEY
    assert list(server.taken) == [KEY]


@pytest.mark.conforms("ASVS-1.3.6")
async def test_inside_is_out_of_reach_unless_it_is_allowed() -> None:
    """A URL of our own network without `private` shows that nothing is sent there."""
    async with Outside() as call:
        for host in ("127.0.0.1", "169.254.169.254", "[::1]", "localhost"):
            options = Options.model_validate({**RIGHT, "url": f"https://{host}/"})
            transport = Webhook(options, lent(call=call, now=lambda: NOW))
            with pytest.raises(DeliveryFailed) as failed:
                await transport.send(letter())
            assert failed.value.why is Undelivered.UNAVAILABLE


async def test_the_documented_receiver_believes_us_and_nobody_else() -> None:
    """The code in the documents shows that it verifies what was sent, unchanged and lately."""
    shown = (ROOT / "docs" / "transports.md").read_text(encoding="utf-8")
    (code,) = re.findall(r"```python\n(.*?)```", shown, re.DOTALL)
    made = ModuleType("receiver")
    exec(compile(code, "docs/transports.md", "exec"), vars(made))  # noqa: S102 - our own document
    async with listening() as peer, Outside() as call:
        options = Options.model_validate({**RIGHT, "url": peer.url, "private": True})
        await Webhook(options, lent(call=call, now=lambda: NOW)).send(letter())
        (heard,) = peer.heard
    headers, at = {name.lower(): value for name, value in heard.headers}, NOW.timestamp()
    assert made.verified(SECRET, headers, heard.body, at + 299)
    several = {**headers, "webhook-signature": "v1,x " + headers["webhook-signature"]}
    assert made.verified(SECRET, several, heard.body, at)
    assert not made.verified(SECRET, headers, heard.body, at + 301)
    assert not made.verified(SECRET, headers, heard.body + b" ", at)
    assert not made.verified(SECRET, {**headers, "webhook-id": "x" * 22}, heard.body, at)


async def test_one_channel_alone() -> None:
    """A channel that is not listed shows that its letters are refused."""
    only = Webhook(Options.model_validate({**RIGHT, "channels": ["sms"]}), lent(now=lambda: NOW))
    with pytest.raises(DeliveryFailed):
        await only.send(letter("email"))
    assert only.traits.idempotent


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"url": "http://inside.example.com/"}, "only `private` allows http"),
        ({"url": "ftp://inside.example.com/"}, "is expected"),
        ({"url": "https://inside.example.com/#a"}, "is expected"),
        ({"url": "https://"}, "is expected"),
        ({"secret": "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"}, "24 to 64 random bytes"),
        ({"secret": "whsec_c2hvcnQ="}, "24 to 64 random bytes"),
        ({"secret": "whsec_no base64"}, "24 to 64 random bytes"),
        ({"secret": "whsec_" + "A" * 100}, "more than 64 bytes"),
        ({"channels": []}, "at least 1"),
        ({"channels": ["the fax"]}, "pattern"),
    ],
)
def test_wrong_options(wrong: dict[str, object], said: str) -> None:
    """Options that cannot be meant show that they are refused, and the secret is not told."""
    with pytest.raises(ValidationError, match=said):
        Options.model_validate({**RIGHT, **wrong})
