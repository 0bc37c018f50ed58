"""Two people, each with a browser: what one proved is never the other's (THREATS 47)."""

import asyncio
from pathlib import Path

import pytest

from tests.visitor import FETCH, NAVIGATION
from tests.world import world


async def test_proofs_stay_with_their_person(tmp_path: Path) -> None:
    """A browser that signs in as somebody else shows that its proofs are gone, here and there."""
    async with world(tmp_path) as place:
        ada = place.visitor()
        await ada.enroll("ada")
        kept = dict(ada.cookies)
        assert (await ada.fetch("/a")).status == 200
        await ada.sign_in("grace")
        assert (await ada.fetch("/b")).status == 403
        ada.cookies = kept
        assert (await ada.fetch("/c")).status == 401


async def test_another_site_cannot_drop_proofs(tmp_path: Path) -> None:
    """A request that another site's page made shows that it cannot sign anybody out of us."""
    async with world(tmp_path) as place:
        ada = place.visitor()
        await ada.enroll("ada")
        ours = "; ".join(f"{k}={v}" for k, v in ada.cookies.items() if k != "app")
        for site in ("cross-site", "same-site"):
            headers = {**NAVIGATION, "Sec-Fetch-Site": site}
            page = await ada.send("GET", "/", headers=headers, cookies=ours)
            assert page.location.endswith("/login")
        assert (await ada.fetch("/still")).status == 200
        page = await ada.send("GET", "/", headers=FETCH, cookies=ours)
        assert page.status == 401
        assert (await ada.fetch("/gone")).status == 401


@pytest.mark.threat(47)
async def test_interleaved_requests(tmp_path: Path) -> None:
    """Five hundred interleaved requests (THREATS 47) show that nobody gets another's answer."""
    async with world(tmp_path) as place:
        people = {name: place.visitor() for name in ("ada", "grace")}
        for name, browser in people.items():
            await browser.enroll(name)

        async def read(name: str, number: int) -> None:
            page = await people[name].fetch(f"/{name}/{number}")
            assert (page.status, page.text.endswith(f" for {name}")) == (200, True)

        for start in range(0, 250, 50):
            async with asyncio.TaskGroup() as tasks:
                for number in range(start, start + 50):
                    for name in people:
                        tasks.create_task(read(name, number))
