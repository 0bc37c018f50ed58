"""What a challenge page asks for: the need it was led to with, the factors that fit."""

from datetime import timedelta

import pytest

from sidecar.core.assurance import Requirement
from sidecar.core.model import Level
from sidecar.web.asking import carried, requirement
from tests.somebody import somebody
from tests.world import World


@pytest.mark.parametrize(
    ("asked", "need"),
    [
        ({}, Requirement(Level.TWO_FACTOR)),
        ({"level": "phishing_resistant"}, Requirement(Level.PHISHING_RESISTANT)),
        ({"level": "nonsense"}, Requirement(Level.TWO_FACTOR)),
        (
            {"factors": "totp,,webauthn"},
            Requirement(Level.TWO_FACTOR, factors=frozenset({"totp", "webauthn"})),
        ),
        ({"max_age": "300"}, Requirement(Level.TWO_FACTOR, timedelta(minutes=5))),
        ({"max_age": "-1"}, Requirement(Level.TWO_FACTOR)),
        ({"max_age": "٣٠٠"}, Requirement(Level.TWO_FACTOR)),
        ({"max_age": "9" * 400}, Requirement(Level.TWO_FACTOR)),
        ({"max_age": ""}, Requirement(Level.TWO_FACTOR)),
    ],
)
def test_requirement(asked: dict[str, str], need: Requirement) -> None:
    """Each query shows the need that it names, and nonsense the usual one."""
    assert requirement(asked) == need


def test_carried() -> None:
    """A form's fields show that only the need goes on from page to page."""
    fields = {"level": "two_factor", "factors": "", "max_age": "300", "code": "1", "csrf": "x"}
    assert carried(fields) == {"level": "two_factor", "max_age": "300"}


@pytest.mark.asyncio(loop_scope="module")
async def test_factors_that_fit(here: World) -> None:
    """A rule that names factors shows only those; where none fits, all are offered."""
    who = await somebody(here, "pending")
    page = await who.get("challenge?factors=totp")
    assert "Code from your authenticator app" in page.text
    page = await who.get("challenge?factors=backup_codes&level=phishing_resistant")
    assert "Code from your authenticator app" in page.text
    page = await who.get("challenge?factor=backup_codes")
    assert "Code from your authenticator app" in page.text


@pytest.mark.asyncio(loop_scope="module")
async def test_why_a_person_is_asked(here: World) -> None:
    """The page shows whether it is the first step, a fresh one, or a stronger one."""
    who = await somebody(here, "pending")
    assert "One more step to open" in (await who.visitor.open("/secret")).text
    old = await somebody(here, "old")
    page = await old.visitor.open("/pay/x")
    assert "It has been a while" in page.text
    assert "Your confirmation holds for 5 minutes." in page.text
    page = await old.get(f"{page.url.partition('/_sidecar/')[2]}&level=phishing_resistant")
    assert "better protected than the rest" in page.text
