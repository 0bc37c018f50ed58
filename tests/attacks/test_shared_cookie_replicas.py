"""Two people on one application cookie, at two replicas: what one is told, the other knows.

An attacker with a factor of their own signs in as somebody else at one replica, and shows what
they proved to the other, which has asked about the very same cookie before.
"""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

import pytest
import pytest_asyncio

from sidecar.flows import revocations
from tests.attacks.keeping import CHANGES, LOGIN, Keeping, attacker, signed_in
from tests.conformance.http.visitor import Answer
from tests.postgres import Server
from tests.unit.flows.scene import quick_folder
from tests.wire import tell, wired
from tests.world import World, world

pytestmark = pytest.mark.asyncio(loop_scope="module")
LOGINS = {"paths": ["/login", "/sso/**"], "page": "/login", "logout": ["/logout"]}
APP = "app=c0ffee00c0ffee00"
FOREIGN = "Sec-Fetch-Site: cross-site"
"""Or the proofs of a browser that turns out to be somebody else would be dropped."""


@dataclass
class Two:
    """Two replicas, their application, and what ada proved."""

    here: World
    there: World
    behind: Keeping
    ours: str

    @property
    def database(self) -> str:
        return self.here.loaded.settings.storage.database.rpartition("/")[2].partition("?")[0]

    @property
    def questions(self) -> int:
        return sum(one.target == "/whoami" for one in self.behind.seen)

    async def ask(self, target: str) -> Answer:
        """Show the other replica the cookie, and what ada proved."""
        return await tell(self.there, f"Cookie: {APP}; {self.ours}", FOREIGN, target=target)

    async def remembered(self) -> None:
        """The cookie is ada's; the other replica heard of that, and asks nobody any more.

        Whoever asks in the very moment in which it hears of it may be refused.
        """
        assert await signed_in(self.here, "ada", APP) == 303
        async with asyncio.timeout(20):
            while True:
                asked = self.questions
                status = (await self.ask("/warm")).status
                assert status in {200, 403}
                if status == 200 and self.questions == asked:
                    return

    async def forgotten(self) -> None:
        """The other replica asks about every request."""
        async with asyncio.timeout(20):
            asked = self.questions
            while (await self.ask("/during")).status and self.questions == asked:
                pass

    def grace_was_served(self) -> bool:
        return any(one.endswith(" grace") for one in self.behind.served)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def two(postgres: Server) -> AsyncIterator[Two]:
    """Two sidecars that know of each other, on one database and before one application."""
    behind = Keeping()
    with quick_folder() as one, quick_folder() as other, pytest.MonkeyPatch.context() as patch:
        patch.setattr(revocations, "READ_EVERY_S", 0.05)
        async with postgres.changes() as store:
            changes: dict[str, Any] = {**store, **CHANGES, "login": LOGINS, "replicas": 2}
            async with (
                world(one, application=behind, changes=changes) as here,
                world(other, application=behind, changes=changes, clock=here.clock) as there,
            ):
                _, ours, _ = await attacker(here)
                yield Two(here, there, behind, ours)


@pytest.mark.threat(47, 67)
@pytest.mark.parametrize("way", ["post", "get", "post in between"])
async def test_a_sign_in_at_one_replica_is_known_at_the_other(two: Two, way: str) -> None:
    """THREATS 47, 67: a cookie that becomes somebody else's at one replica, by a form, by the way
    back from an outside login, and after it was nobody's for a moment, shows that the other never
    serves by what it knew.
    """
    await two.remembered()
    if way == "get":
        back = await tell(two.here, f"Cookie: {APP}", target="/sso/back?user=grace")
        assert back.status == 303
    else:
        if way == "post in between":
            del two.behind.people["c0ffee00c0ffee00"]
        assert await signed_in(two.here, "grace", APP) == 303
    assert two.behind.people["c0ffee00c0ffee00"] == "grace"
    assert (await two.ask("/as-grace")).status in {401, 403}
    assert not two.grace_was_served()


@pytest.mark.threat(47, 67)
async def test_nothing_is_kept_while_it_is_under_way(two: Two) -> None:
    """A sign-in under way at one replica shows that the other asks for each request, and that an
    answer under way there is not passed on to whoever it was judged for.
    """
    await two.remembered()
    body = LOGIN.format("grace", "hopper").encode()
    async with wired(two.here) as slow, asyncio.TaskGroup() as tasks:
        slow.send(
            b"POST /login HTTP/1.1\r\nHost: app.test\r\nCookie: %b\r\n"
            b"Content-Length: %d\r\n\r\n%b" % (APP.encode(), len(body), body[:5])
        )
        await slow.drain()
        await two.forgotten()
        two.behind.gate.clear()
        two.behind.waiting.clear()
        reading = tasks.create_task(two.ask("/slow"))
        await two.behind.waiting.wait()
        slow.send(body[5:])
        assert (await slow.answer()).status == 303
        two.behind.gate.set()
    assert (reading.result().status, b"grace" in reading.result().body) == (403, False)
    assert (await two.ask("/as-grace")).status in {401, 403}
    two.behind.served.clear()  # what was served to nobody


@pytest.mark.conforms("ASVS-16.5.2", "ASVS-16.5.3")
async def test_nobody_signs_in_untold(two: Two, postgres: Server) -> None:
    """A database that is away shows 503 to a sign-in under a cookie, which never reaches the
    application; one that carries nothing goes on.
    """
    async with postgres.away(two.database):
        before = len(two.behind.reached)
        assert await signed_in(two.here, "grace", APP) == 503
        back = await tell(two.here, f"Cookie: {APP}", target="/sso/back?user=grace")
        assert (back.status, len(two.behind.reached)) == (503, before)
        nobody = await tell(two.here, method="POST", target="/login", body=b"user=ada")
        assert nobody.status == 403  # the application's own word
    for where in (two.here, two.there):
        await where.reads_again()
    assert await signed_in(two.here, "ada", APP) == 303


async def test_a_replica_that_hears_nothing_uses_nothing_it_knows(
    two: Two, postgres: Server
) -> None:
    """A replica that cannot read the feed shows that after three seconds it asks about everybody,
    and that a sign-in elsewhere goes on without it.
    """
    await two.remembered()
    silent = asyncio.Event()

    async def unreadable() -> None:
        silent.set()

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(two.there.sidecar.flows.revocations, "read", unreadable)
        await silent.wait()
        two.here.clock.travel(seconds=4)
        which = "SELECT id FROM replicas ORDER BY started_at DESC LIMIT 1"
        aged = "UPDATE replicas SET beat_at = beat_at - interval '5 s'"
        await postgres.execute(f"{aged} WHERE id = ({which})", two.database)
        assert await signed_in(two.here, "grace", APP) == 303
        assert (await two.ask("/as-grace")).status in {401, 403}
    assert not two.grace_was_served()
