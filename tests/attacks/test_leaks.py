"""Leaks: a whole journey leaves no code, secret, token or cookie in logs or in the database."""

import logging
import re
from base64 import b32decode, b64encode, urlsafe_b64encode
from pathlib import Path

import pytest
import structlog

from sidecar.logs import _QUIET
from sidecar.storage.setup import migrate_up
from tests.conformance.stores import RING, Travel, url_of
from tests.unit.flows.scene import quick_folder, stored_in
from tests.visitor import Visitor
from tests.world import World, world

WRONG = "canary-of-a-wrong-answer"


class Watchful(Visitor):
    """A browser that remembers every cookie value it ever had."""

    ever: frozenset[str] = frozenset()

    def remember(self) -> None:
        self.ever |= set(self.cookies.values())


async def journey(here: World, browser: Watchful) -> list[str]:
    """Go through everything a person can do; return the codes that were typed."""
    await browser.enroll("ada", target="/secret?token=canary-of-the-query")
    typed = [browser.code()]
    browser.remember()
    browser.cookies = {"app": browser.cookies["app"]}
    here.clock.travel(minutes=1)
    page = await browser.open("/secret")
    page = await browser.submit(page, "challenge/answer", code=WRONG)
    typed += [browser.code(), WRONG]
    browser.remember()
    await browser.submit(page, "challenge/answer", code=browser.code())
    browser.remember()
    here.clock.travel(hours=2)
    page = await browser.open("/_sidecar/account")
    browser.remember()
    page = await browser.open(f"{page.url}&factor=backup_codes")
    typed.append(browser.codes[0])
    await browser.submit(page, "challenge/answer", code=browser.codes[0])
    browser.remember()
    page = await browser.open("/_sidecar/account")
    await browser.submit(page, "sessions/end-all")
    browser.cookies["__Host-sidecar"] = "canary-of-a-forged-cookie"
    await browser.open("/secret")
    await browser.send("GET", "/secret", headers={"Authorization": "Bearer canary-of-a-bearer"})
    await browser.send("POST", "/_sidecar/challenge/answer", data="code=canary-of-a-bad-form")
    return typed


@pytest.mark.threat(60)
@pytest.mark.conforms("ASVS-16.2.5", "ASVS-6.5.2", "ASVS-13.3.1")
async def test_a_whole_journey_leaves_no_secret_behind(caplog: pytest.LogCaptureFixture) -> None:
    """THREATS 60: logs and every byte of the database show none of what was typed or handed out."""
    caplog.set_level(logging.DEBUG)
    for name in _QUIET:
        caplog.set_level(logging.WARNING, logger=name)
    with quick_folder() as folder:
        async with world(folder) as here:
            browser = here.visitor()
            browser = Watchful(here, browser._session)
            invitations = []
            real = here.invite

            async def invite(user: str) -> str:
                invitations.append(await real(user))
                return invitations[-1]

            with structlog.testing.capture_logs() as logged, pytest.MonkeyPatch.context() as patch:
                patch.setattr(here, "invite", invite)
                typed = await journey(here, browser)
            stored = stored_in(folder)
        logs = "\n".join([*map(repr, logged), caplog.text])
        assert len(logged) >= 5
        long = _spellings(browser, invitations)
        assert [secret for secret in long if secret in logs] == []
        assert [secret for secret in long if secret.encode() in stored] == []
        assert "canary-of" not in logs
        assert b"canary-of" not in stored
        words = set(re.findall(r"\w+", logs))
        assert words.isdisjoint(typed)
        assert "127.0.0.1" not in logs
        assert b"ada@example.com" not in stored
        assert "ada@example.com" not in logs
        assert b32decode(browser.secret) not in stored


def _spellings(browser: Watchful, invitations: list[str]) -> list[str]:
    """Return every form in which a secret of the journey could lie about."""
    raw = b32decode(browser.secret)
    secrets = [
        browser.secret,
        raw.hex(),
        b64encode(raw).decode(),
        urlsafe_b64encode(raw).decode(),
        *browser.codes,
        *invitations,
        *(value for value in browser.ever if len(value) > 8),
    ]
    assert len(secrets) > 15
    return secrets + [secret.replace("-", "") for secret in browser.codes + invitations]


async def test_files_of_the_store_are_their_owners(tmp_path: Path) -> None:
    """The database that a migration makes shows no right for anybody but its owner."""
    await migrate_up(url_of(tmp_path / "s.db"), RING, Travel(), create=True)
    made = list(tmp_path.iterdir())  # noqa: ASYNC240 - local
    assert {path.stat().st_mode & 0o077 for path in made} == {0}
