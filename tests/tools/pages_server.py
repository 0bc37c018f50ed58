"""Gives a browser the pages of the samples under their real policy, without any socket."""

import shutil
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import urlsplit

from playwright.sync_api import BrowserContext, Page, Route

from sidecar.web.render import POLICY, Branding, Renderer
from tests.tools import samples

TEMPLATES = Path(__file__).parents[2] / "templates"
ORIGIN = "http://localhost:9"
"""Never connected to: every request is answered by `serve`."""

CHROMIUM = shutil.which("chromium") or ""
FLAGS = (
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)


def renderer() -> Renderer:
    return Renderer(TEMPLATES, branding=Branding("Harbour", samples.HELP, "/help"))


def serve(
    context: BrowserContext, pages: Mapping[str, str], rendered: Renderer, policy: str = POLICY
) -> None:
    """Answer `/page/<name>` from `pages`, our static files, and an empty page for the rest."""

    def answer(route: Route) -> None:
        path = urlsplit(route.request.url).path
        name = path.removeprefix("/page/")
        asset = rendered.assets.find(path.removeprefix(f"{rendered.prefix}static/"))
        if name in pages:
            headers = {"Content-Security-Policy": policy, "Content-Type": "text/html"}
            route.fulfill(status=200, headers=headers, body=pages[name])
        elif asset:
            route.fulfill(status=200, content_type=asset.content_type, body=asset.body)
        else:
            route.fulfill(status=200, content_type="text/html", body="<!doctype html>")

    context.route("**/*", answer)


def show(page: Page, name: str) -> None:
    page.goto(f"{ORIGIN}/page/{name}", wait_until="load")
