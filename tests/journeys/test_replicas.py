"""A person before three replicas, of which none is asked twice in a row."""

from collections import Counter
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import cast

import pytest
import pytest_asyncio
from playwright.async_api import Response, expect

from sidecar.core.replicas import Replica
from tests.journeys.person import Arrive, Person
from tests.journeys.replicas import NUMBER, Many, many
from tests.nginx import needs_nginx
from tests.postgres import Server
from tests.redis import Redis
from tests.world import World

pytestmark = [
    needs_nginx,
    pytest.mark.journey,
    pytest.mark.slow,
    pytest.mark.timeout(180),
    pytest.mark.asyncio(loop_scope="session"),
]


@dataclass
class Ways:
    """Which replica answered each request of a browser, as nginx tells."""

    answered: list[str] = field(default_factory=list)

    def note(self, response: Response) -> None:
        by = response.headers.get("x-replica")
        if by is not None:
            self.answered.append(by)


@pytest_asyncio.fixture(loop_scope="session")
async def there(tmp_path: Path, postgres: Server, redis_server: Redis) -> AsyncIterator[Many]:
    async with postgres.changes() as store:
        section = redis_server.part().model_dump(mode="json", exclude_defaults=True)
        async with many(tmp_path, dict(store), section) as made:
            yield made


async def beats(there: Many) -> list[Replica]:
    async with there.replicas[0].store() as store, store.read() as tx:
        return [one.replica for one in await tx.replicas.all() if one.live]


@pytest.mark.threat(46)
@pytest.mark.conforms("ASVS-7.4.1", "ASVS-7.4.2")
async def test_three_replicas_are_one(there: Many, arriving: Arrive) -> None:
    """THREATS 46: first visit, setting up, being asked, the account page and signing out
    everywhere, each request at another replica than the one before, show one sidecar; an open
    WebSocket ends whichever replica holds it, and a later visit has to prove itself again.
    """
    ada, ways = await arriving(cast("World", there)), Ways()
    ada.context.on("response", ways.note)
    await ada.newcomer()
    other = await arriving(cast("World", there))
    other.context.on("response", ways.note)
    await other.sign_in()
    await other.title("Confirm it’s you")
    await other.page.get_by_role("link", name="Backup codes").click()
    await other.page.get_by_label("Backup code", exact=True).fill(ada.codes[0])
    await other.press("Confirm")
    await other.inside()
    await other.open("/_sidecar/account")
    sessions = other.page.get_by_role("region", name="Where you are signed in")
    await expect(sessions.get_by_role("listitem")).to_have_count(2)
    await other.press("Sign out everywhere")
    await other.title("You’re signed out")
    await _live_channel_ends(ada)
    await ada.open("/notes")
    await ada.title("Confirm it’s you")
    shares = Counter(ways.answered)
    assert len(shares) == NUMBER
    assert min(shares.values()) * 4 > shares.total()  # in turn, whoever asks
    assert len(await beats(there)) == NUMBER


async def _live_channel_ends(person: Person) -> None:
    """The page that is open learns that the session is over, wherever its WebSocket ends."""
    await expect(person.page.locator("#clock")).not_to_contain_text("here for")
