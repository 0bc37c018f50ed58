"""The plugins of this package."""

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from pydantic import SecretStr, ValidationError
from sidecar_chat_code import factor, transport
from sidecar_chat_code.device import Chat

from sidecar.conformance.case import Case
from sidecar.conformance.lent import lent
from sidecar.conformance.suite import CHECKS, Check
from sidecar.core.errors import AccessDenied, DeliveryFailed, Undelivered
from sidecar.core.messages import Callback, Letter
from sidecar.core.model import Rejected
from sidecar.core.protocols import Asked, RawHeaders

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
CASE = Case(
    "chat",
    lambda: factor.ChatCodes(factor.Options(transport="bot"), lent("chat")),
    Chat,
    factor.FILES,
)


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__)
async def test_the_factor_keeps_what_factors_promise(check: Check) -> None:
    """Each check says in its own docstring what it shows that holds."""
    await check(CASE)


@pytest.mark.parametrize(
    ("typed", "name"), [("@Ada", "@ada"), (" ada.lovelace ", "@ada.lovelace"), ("a-1", "@a-1")]
)
def test_a_name_has_one_spelling(typed: str, name: str) -> None:
    """Ways to write one name show the same address."""
    assert factor.Names().read(typed) == name


@pytest.mark.parametrize("typed", ["", "@", "ada lovelace", "#town-square", "ädä", "a" * 65])
def test_what_is_no_name_is_refused(typed: str) -> None:
    """A channel, a list or nothing at all shows that no code goes there."""
    assert factor.Names().read(typed) == Rejected("bad-address")


class Outside:
    """The chat's side of the call."""

    def __init__(self, status: int) -> None:
        self.status = status
        self.bodies: list[bytes] = []

    async def __call__(
        self,
        method: str,
        url: str,
        headers: RawHeaders = (),
        body: bytes = b"",
        *,
        timeout_s: float,
        private: bool = False,
    ) -> Asked:
        assert (method, url, timeout_s, private) == ("POST", "https://chat.test/hooks/x", 5, False)
        assert headers == ((b"Content-Type", b"application/json"),)
        self.bodies.append(body)
        return Asked(self.status, (), b"ok")


def posting(outside: Outside) -> transport.IncomingWebhook:
    options = transport.Options(url=SecretStr("https://chat.test/hooks/x"))
    return transport.IncomingWebhook(options, replace(lent("bot"), call=outside))


def letter() -> Letter:
    return Letter("chat", "@ada", "314159 is your code", "k" * 22, NOW + timedelta(minutes=10))


async def test_a_letter_is_posted() -> None:
    """A letter shows as a direct message, and its receipt names the transport."""
    outside = Outside(200)
    receipt = await posting(outside).send(letter())
    assert receipt.provider == "bot"
    assert [json.loads(body) for body in outside.bodies] == [
        {"channel": "@ada", "text": "314159 is your code"}
    ]


@pytest.mark.parametrize(
    ("status", "why"),
    [
        (404, Undelivered.RECIPIENT),
        (403, Undelivered.REFUSED),
        (503, Undelivered.UNAVAILABLE),
        (500, Undelivered.UNSURE),
    ],
)
async def test_a_refusal_says_what_it_means(status: int, why: Undelivered) -> None:
    """Answers that take no letter show whether another way could help."""
    with pytest.raises(DeliveryFailed) as failed:
        await posting(Outside(status)).send(letter())
    assert failed.value.why is why


async def test_nobody_calls_back() -> None:
    """A callback shows that it is not believed."""
    call = Callback("POST", "https://shop.example.com/_sidecar/receipts/bot", (), b"{}")
    with pytest.raises(AccessDenied):
        await posting(Outside(200)).told(call)


def test_the_url_is_a_secret_and_https() -> None:
    """A plain URL shows as a fault, and no repr shows one."""
    with pytest.raises(ValidationError):
        transport.Options(url=SecretStr("http://chat.test/hooks/x"))
    options = transport.Options(url=SecretStr("http://chat.test/hooks/x"), private=True)
    assert "hooks" not in repr(options)
