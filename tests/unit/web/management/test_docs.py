"""The page of the API."""

import re

import pytest
from aiohttp import web
from pytest_aiohttp.plugin import AiohttpClient

from sidecar.api.endpoints import ENDPOINTS
from sidecar.web.management.docs import Documents
from tests.tools.pages_server import renderer

TYPES = "https://shop.example.com/_sidecar/problems/"
DOCUMENTS = Documents(renderer(), TYPES)
PAGE = DOCUMENTS.page()
TEXT = PAGE.raw.decode()


def test_every_call_is_on_the_page() -> None:
    """Each endpoint shows its own place, path and scope."""
    for endpoint in ENDPOINTS:
        assert f'id="{endpoint.name}"' in TEXT
        if endpoint.scope:
            assert f"<code>{endpoint.scope}</code>" in TEXT
    assert TEXT.count('class="try"') == len(ENDPOINTS)


def test_nothing_comes_from_elsewhere() -> None:
    """The page shows no script or style of its own, and loads nothing of other hosts."""
    assert PAGE.headers["Content-Security-Policy"].startswith("default-src 'none'; ")
    assert "<style" not in TEXT
    assert not re.search(r"\son\w+=|\sstyle=|<script(?![^>]*\ssrc=)", TEXT)
    loaded = re.findall(r'<(?:script|link|img)[^>]*\s(?:src|href)="([^"]+)"', TEXT)
    assert len(loaded) == 4
    assert all(place.startswith("/docs/") for place in loaded)


async def test_its_files_are_served(aiohttp_client: AiohttpClient) -> None:
    """The files of the page show, by their fingerprinted names alone."""
    app = web.Application()
    app.add_routes(DOCUMENTS.routes())
    client = await aiohttp_client(app)
    for place in re.findall(r'"(/docs/[^"]+)"', TEXT):
        answer = await client.get(place)
        assert (answer.status, "immutable" in answer.headers["Cache-Control"]) == (200, True)


@pytest.mark.parametrize("word", ["undefined", "None", "{{", "$ref"])
def test_nothing_is_unfinished(word: str) -> None:
    """No word of the machinery shows on the page."""
    assert word not in TEXT


def test_problems_lead_to_what_they_mean() -> None:
    """Each problem that a call may get shows as a link to the page that explains it."""
    assert f'href="{TYPES}input-invalid"' in TEXT
    assert TEXT.count(f'href="{TYPES}token-missing"') > 30
