"""Metrics: nothing that a visitor sends is told to whoever reads them (THREATS 68)."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from aiohttp import ClientSession
from prometheus_client.parser import text_string_to_metric_families

from sidecar.wiring import ledger
from tests.unit.flows.scene import quick_folder
from tests.wire import tell
from tests.world import World, free_port, world

CANARY = "canary7f3a"
HOSTILE: tuple[dict[str, Any], ...] = (
    {"target": f"/{CANARY}"},
    {"target": f"/open/{CANARY}?{CANARY}=1"},
    {"target": f"/%00{CANARY}"},
    {"target": f"/_sidecar/{CANARY}"},
    {"method": CANARY.upper()},
    {"host": f"{CANARY}.test"},
)


async def numbers(port: int) -> str:
    async with ClientSession() as session, session.get(f"http://127.0.0.1:{port}/metrics") as told:
        assert told.status == 200
        return await told.text()


async def attack(here: World) -> None:
    for request in HOSTILE:
        await tell(here, f"Cookie: app={CANARY}", f"X-API-Key: {CANARY}", **request)
    await tell(here, f"Cookie: __Host-sidecar={CANARY}", f"User-Agent: {CANARY}")
    await tell(here, f"Authorization: Bearer {CANARY}")
    browser = here.visitor()
    await browser.enroll("ada", target=f"/secret?{CANARY}")


@asynccontextmanager
async def watched() -> AsyncIterator[tuple[World, int]]:
    """Run a sidecar; give it and the port of its probes."""
    port = free_port()
    listen = {"public": "127.0.0.1:0", "probes": f"127.0.0.1:{port}"}
    with quick_folder() as folder:
        async with world(folder, changes={"listen": listen}) as here:
            yield here, port


@pytest.mark.conforms("ASVS-16.2.5")
async def test_no_label_says_what_a_visitor_sent() -> None:
    """Hostile hosts, paths, methods, cookies and a person's whole visit show only labels that the
    configuration or the code names, and as many series as before.
    """
    async with watched() as (here, port):
        before = await numbers(port)
        await attack(here)
        after = await numbers(port)
        known = {**ledger(here.loaded).values, "worker": ("0",)}
    assert CANARY not in after.lower()
    assert '"ada' not in after
    for family in text_string_to_metric_families(after):
        for sample in family.samples:
            labels = {name: value for name, value in sample.labels.items() if name != "le"}
            assert all(value in known[name] for name, value in labels.items()), sample
    assert before != after
    assert series(after) == series(before)


def series(text: str) -> set[str]:
    """Return every name with its labels, but of the one metric that leaves out what never was."""
    lines = {line.rpartition(" ")[0] for line in text.splitlines() if line[:1] not in ("", "#")}
    return {line for line in lines if not line.startswith("sidecar_requests_total")}


async def test_guesses_are_seen() -> None:
    """Wrong codes and wrong invitations show in the metrics, the one that was too many as such."""
    async with watched() as (here, port):
        browser = here.visitor()
        await browser.sign_in("ada")
        page = await browser.open("/secret")
        await browser.submit(page, "enroll/begin", factor="totp", invitation="wrong")
        browser = here.visitor()
        await browser.enroll("ada")
        browser.cookies = {"app": browser.cookies["app"]}
        here.clock.travel(minutes=1)
        page = await browser.open("/secret")
        for _ in range(6):
            page = await browser.submit(page, "challenge/answer", code="000 000")
        told = await numbers(port)
    assert 'sidecar_refusals_total{reason="invitation-needed"} 1.0' in told
    assert 'sidecar_refusals_total{reason="response-rejected"} 5.0' in told
    assert 'sidecar_refusals_total{reason="too-many-attempts"} 1.0' in told
