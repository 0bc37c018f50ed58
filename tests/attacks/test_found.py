"""What a fresh attacker found: each test is one way that was open."""

import asyncio
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import yaml
from aiohttp import web
from structlog.testing import capture_logs
from yarl import URL

from sidecar.core.model import Session
from sidecar.settings.faults import ConfigError
from sidecar.settings.load import load_settings
from tests.application import Application
from tests.attacks.keeping import CHANGES, LOGIN, Keeping, attacker
from tests.wire import tell, wired
from tests.world import KEY, World, settings_for, world


class Working(Keeping):
    """Signs people in, and out, some time after it has read the request, whoever still listens."""

    def __init__(self) -> None:
        super().__init__()
        self.read = asyncio.Event()
        self.go = asyncio.Event()
        self.done = asyncio.Event()

    async def handle(self, request: web.BaseRequest) -> web.StreamResponse:
        slow = request.method == "POST" and request.headers.get("X-Slow")
        if not slow:
            return await super().handle(request)
        body = (await request.read()).decode()
        task = asyncio.create_task(self._work(self._cookie(request), body))
        await asyncio.shield(task)
        return web.Response(status=303, headers={"Location": "/"})

    async def _work(self, cookie: str, body: str) -> None:
        self.read.set()
        await self.go.wait()
        self.people[cookie] = body.partition("user=")[2].partition("&")[0]
        self.done.set()


async def hang_up(place: World, behind: Working, target: str, cookies: str) -> None:
    """Send a whole sign-in as grace and go away before it is answered."""
    body = LOGIN.format("grace", "hopper")
    head = f"POST {target} HTTP/1.1\r\nHost: app.test\r\nX-Slow: 1\r\nCookie: {cookies}\r\n"
    async with wired(place) as client:
        client.send(f"{head}Content-Length: {len(body)}\r\n\r\n{body}".encode())
        await behind.read.wait()
    # Any answer of ours shows that the connection's end was seen.
    assert (await tell(place, target="/open/x")).status == 200


async def test_hanging_up_does_not_end_a_sign_in(tmp_path: Path) -> None:
    """A sign-in whose sender hangs up shows that what is asked meanwhile is not believed after.

    The application signs grace in on ada's cookie although nobody waits for its answer; had the
    question in between been remembered, ada's proof would have opened grace's pages.
    """
    behind = Working()
    async with world(tmp_path, application=behind, changes=CHANGES) as place:
        _, ours, app = await attacker(place)
        await hang_up(place, behind, "/login", app)
        assert (await tell(place, f"Cookie: {app}; {ours}", target="/between")).status == 200
        behind.go.set()
        await behind.done.wait()
        answer = await tell(place, f"Cookie: {app}; {ours}", target="/as-grace")
        assert answer.status in {401, 403}
        assert not [one for one in behind.served if one.endswith(" grace")]


async def test_hanging_up_does_not_end_a_change(tmp_path: Path) -> None:
    """Any unsafe request that is given up shows the same: it may change who the cookie is."""
    behind = Working()
    async with world(tmp_path, application=behind, changes=CHANGES) as place:
        _, ours, app = await attacker(place)
        await hang_up(place, behind, "/open/switch", app)
        assert (await tell(place, f"Cookie: {app}; {ours}", target="/between")).status == 200
        behind.go.set()
        await behind.done.wait()
        answer = await tell(place, f"Cookie: {app}; {ours}", target="/as-grace")
        assert answer.status in {401, 403}


async def test_hanging_up_on_a_sign_out(tmp_path: Path) -> None:
    """A sign-out whose sender hangs up shows that the proofs end all the same."""
    behind = Working()
    async with world(tmp_path, application=behind, changes=CHANGES) as place:
        ada, ours, app = await attacker(place)
        dropped = asyncio.Event()
        place.sidecar.flows.revocations.listen(lambda *_: dropped.set())
        await hang_up(place, behind, "/logout", f"{app}; {ours}")
        await asyncio.wait_for(dropped.wait(), 5)
        answer = await tell(place, f"Cookie: {app}; {ours}", target="/after")
        page = await ada.open("/after")
        behind.go.set()
        assert answer.status == 401
        assert page.url.startswith("https://app.test/_sidecar/challenge")


async def test_revoked_while_judged(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A session that ends between recall and forwarding shows that nothing is forwarded for it.

    What is begun in that moment would not be watched, and a tunnel would outlive the revocation.
    """
    async with world(tmp_path) as place:
        ada = place.visitor()
        await ada.enroll()
        sessions = place.sidecar.flows.sessions
        touch = sessions.touch

        async def revoked_meanwhile(session: Session) -> None:
            await touch(session)
            async with place.sidecar.store.begin() as tx:
                await tx.sessions.end(session.person, None)
                await tx.feed.append("person", session.person, None, place.clock())
            place.sidecar.flows.revocations.tell(session.person, None)

        monkeypatch.setattr(sessions, "touch", revoked_meanwhile)
        place.clock.travel(minutes=2)  # activity is written once a minute
        assert (await ada.open("/endless", follow=0)).status == 303
        assert "GET /endless" not in place.application.reached


async def test_hanging_up_on_a_form(tmp_path: Path) -> None:
    """A form whose sender hangs up shows that no failure is told of, as nothing failed."""
    async with world(tmp_path) as place:
        ada = place.visitor()
        await ada.enroll()
        fields = [f"Cookie: {'; '.join('='.join(pair) for pair in ada.cookies.items())}"]
        fields += ["Content-Type: application/x-www-form-urlencoded", "Content-Length: 200"]
        fields += ["Host: app.test", "Origin: https://app.test", "Sec-Fetch-Mode: navigate"]
        head = "\r\n".join(["POST /_sidecar/challenge/answer HTTP/1.1", *fields])
        with capture_logs() as lines:
            async with wired(place) as client:
                client.send(f"{head}\r\n\r\ncode=123456&csrf=".encode())
                assert (await ada.open("/secret")).status == 200
            assert (await ada.open("/secret")).status == 200
            await place.sidecar.drain(5)
        assert not [line for line in lines if line["log_level"] == "error"]


async def test_open_season_ends_for_whoever_began(tmp_path: Path) -> None:
    """An enrollment begun while open shows that it ends with the season, after a restart too."""
    opened = {"enrollment": {"first": "open", "until": "2031-12-31"}}
    async with world(tmp_path, changes=opened) as place:
        ada = place.visitor()
        await ada.sign_in()
        page = await ada.submit(await ada.open("/"), "enroll/begin", factor="totp")
        link = next(link for link in page.links if link.startswith("otpauth:"))
        ada.secret = str(URL(link).query["secret"])
        people = place.application.people
    behind = Application()
    behind.people = people
    async with world(tmp_path, application=behind) as closed:
        bare = closed.visitor()
        bare.cookies, bare.secret = ada.cookies, ada.secret
        answer = await bare.submit(page, "enroll/finish", code=bare.code())
        assert answer.status == 403
        assert (await bare.open("/secret")).url.startswith("https://app.test/_sidecar/enroll")


_SILENT: Mapping[str, Mapping[str, Any]] = {
    "login-paths": {"login": {"page": "/login", "paths": ["/**"]}, "policy": {}},
    "two-globs": {"login": {"page": "/login", "paths": ["/*", "/*/**"]}, "policy": {}},
    "logout": {"login": {"page": "/login", "paths": ["/login"], "logout": ["/**"]}, "policy": {}},
    "bypass": {"policy": {"rules": [{"name": "a", "path": "/**", "level": "bypass"}]}},
    "no-network": {
        "policy": {"rules": [{"name": "a", "path": "/ops/**", "from": [], "level": "bypass"}]}
    },
    "no-group": {
        "policy": {"rules": [{"name": "a", "path": "/x/**", "groups": [], "level": "one_factor"}]}
    },
    "halves": {
        "listen": {"public": "127.0.0.1:8080", "trusted_proxies": ["0.0.0.0/1", "128.0.0.0/1"]}
    },
    "for-ever": {"session": {"idle": "999999999d", "lifetime": "999999999d"}},
    "last-day": {"enrollment": {"first": "open", "until": "9999-12-31"}},
    "no-age": {
        "policy": {
            "rules": [{"name": "a", "path": "/x", "level": "two_factor", "max_age": "0s"}],
        }
    },
}
"""Configurations that protect nothing, or less than they seem to, or fail only at run time."""


@pytest.mark.parametrize("which", _SILENT)
def test_configurations_that_weaken_silently(tmp_path: Path, which: str) -> None:
    """A file that opens everything, or can never work, shows that it is refused at start."""
    changes = {"listen": {"public": "127.0.0.1:8080"}, **_SILENT[which]}
    file = tmp_path / "sidecar.yaml"
    file.write_text(yaml.safe_dump(settings_for("http://127.0.0.1:1", tmp_path, 0, changes)))
    with pytest.raises(ConfigError):
        load_settings(file, {"TEST_KEY": KEY}, datetime(2026, 1, 1, tzinfo=UTC))


def test_the_rest_may_be_open(tmp_path: Path) -> None:
    """A bypass of everything behind a rule that protects something shows that it is allowed."""
    rules = [
        {"name": "admin", "path": "/admin/**", "level": "two_factor"},
        {"name": "rest", "path": "/**", "level": "bypass"},
    ]
    changes = {"listen": {"public": "127.0.0.1:8080"}, "policy": {"rules": rules}}
    file = tmp_path / "sidecar.yaml"
    file.write_text(yaml.safe_dump(settings_for("http://127.0.0.1:1", tmp_path, 0, changes)))
    loaded = load_settings(file, {"TEST_KEY": KEY}, datetime(2026, 1, 1, tzinfo=UTC))
    assert [rule.name for rule in loaded.policy.rules][1:] == ["admin", "rest", "default"]
