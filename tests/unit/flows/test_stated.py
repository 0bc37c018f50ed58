"""Which addresses an application states, and that all of them are remembered."""

from dataclasses import replace

import pytest

from sidecar.core.messages import Contact
from sidecar.core.model import Claims
from sidecar.core.outbox import STATED, Address
from sidecar.flows.stated import stated
from tests.unit.flows.scene import ADA, Scene


@pytest.mark.parametrize(
    ("claims", "found"),
    [
        (Claims(), ()),
        (Claims(email=" Ada@X.Test "), (Contact("email", "Ada@x.test"),)),
        (Claims(phone="+49 (151) 123-456.42"), (Contact("sms", "+4915112345642"),)),
        (
            Claims(email="ada@x.test", phone="+12125551234"),
            (Contact("email", "ada@x.test"), Contact("sms", "+12125551234")),
        ),
    ],
)
def test_unmistakable_addresses(claims: Claims, found: tuple[Contact, ...]) -> None:
    """What an application states shows up in its one spelling."""
    assert stated(claims) == found


@pytest.mark.parametrize(
    "email",
    [
        *("ada", "ada@x", "a@b@x.test", "ada@x.test, eve@x.test", "Ada <ada@x.test>"),
        *("ada@x..test", "ad\u0430@x.test", "ada@x.test\nBcc: eve@x.test", "a" * 65 + "@x.test"),
    ],
)
def test_what_is_no_mailbox(email: str) -> None:
    """Lists, names, foreign letters and header lines show that they are no address."""
    assert stated(Claims(email=email)) == ()


@pytest.mark.parametrize("phone", ["0151 12345642", "0049 151 12345642", "+49", "+0123456789", "x"])
def test_what_is_no_number(phone: str) -> None:
    """A number without its country shows that it is none: it may be anybody's."""
    assert stated(Claims(phone=phone)) == ()


@pytest.mark.conforms("NIST-BAA-3")
async def test_every_address_is_remembered(here: Scene) -> None:
    """Another address at the next session shows up beside the first."""
    visit, _ = await here.enter()
    changed = replace(visit.identity, claims=Claims(email="thief@x.test"))
    await here.flows.sessions.open(replace(visit, identity=changed))
    async with here.store.read() as tx:
        found = await tx.contacts.of(ADA)
    assert set(found) == {
        Address(Contact("email", address), STATED, verified=False)
        for address in ("ada@x.test", "thief@x.test")
    }
