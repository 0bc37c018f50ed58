"""A sidecar goes on while a newer version moves the schema under it, and starts again on it."""

from typing import Any

import pytest

from sidecar.storage.setup import status
from tests.newer_schema import NEWER, renew
from tests.postgres import Server
from tests.unit.flows.scene import quick_folder
from tests.visitor import Visitor
from tests.world import World, world


def the_same(browser: Visitor, where: World) -> Visitor:
    """Return the browser as another process meets it."""
    found = where.visitor()
    found.cookies, found.secret = dict(browser.cookies), browser.secret
    return found


async def returning(browser: Visitor, where: World) -> None:
    """The same person gets in with a code, in a browser without a session."""
    fresh = the_same(browser, where)
    fresh.cookies = {"app": browser.cookies["app"]}
    await fresh.confirm("/secret")
    assert (await fresh.fetch("/secret")).status == 200


@pytest.mark.parametrize("kind", ["sqlite", "postgres"])
async def test_people_notice_nothing(kind: str, request: pytest.FixtureRequest) -> None:
    """Whoever enrolled before, and whoever does after, shows let in all along: by the process that
    runs while the schema moves, and by one that starts on the newer one.
    """
    server: Server = request.getfixturevalue("postgres")
    with quick_folder() as folder:
        async with server.changes() as elsewhere:
            changes = elsewhere if kind == "postgres" else {}
            async with world(folder, changes=changes) as here:
                url = here.loaded.settings.storage.database
                browser = here.visitor()
                await browser.enroll()
                await renew(url)
                assert (await status(url)).revision == NEWER
                assert (await browser.fetch("/secret")).status == 200
                await returning(browser, here)
            more: dict[str, Any] = {"application": here.application, "clock": here.clock}
            async with world(folder, changes=changes, **more) as again:
                assert (await the_same(browser, again).fetch("/secret")).status == 200
                await again.visitor().enroll("grace")
