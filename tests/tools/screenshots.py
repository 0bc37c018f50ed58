"""Photographs every page state: light and dark, three widths, every language.

`python -m tests.tools.screenshots [part of a name …]` writes to `build/screenshots/`.
"""

import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from playwright.sync_api import Browser, sync_playwright

from sidecar.web.render import POLICY
from tests.tools import letters, samples
from tests.tools.pages_server import CHROMIUM, FLAGS, renderer, serve, show

OUT = Path("build/screenshots")
WIDTHS = (1280, 360, 320)
SCHEMES: tuple[Literal["light", "dark"], ...] = ("light", "dark")


@dataclass(frozen=True, slots=True)
class Look:
    """One way to look at all pages."""

    language: str
    scheme: Literal["light", "dark"]
    width: int

    @property
    def folder(self) -> Path:
        return OUT / f"{self.language}-{self.scheme}-{self.width}"


def looks() -> Iterator[Look]:
    """Yield the whole product in English; German light at the extremes, where words are long."""
    yield from (Look("en", scheme, width) for scheme in SCHEMES for width in WIDTHS)
    yield from (Look("de", "light", width) for width in (1280, 320))
    yield Look("de", "dark", 360)


def photograph(browser: Browser, look: Look, wanted: tuple[str, ...]) -> int:
    """Write one picture per page state; return how many."""
    rendered = renderer()
    frame = samples.frame(look.language)
    pages = {
        # A page that goes on by itself would leave before the picture is taken.
        name: rendered.page(view, frame).replace('http-equiv="refresh"', 'name="refresh"')
        for name, view in samples.views().items()
        if not wanted or any(part in name for part in wanted)
    }
    messages = {
        name: html
        for name, html in letters.pages(look.language).items()
        if not wanted or any(part in name for part in wanted)
    }
    return _taken(browser, look, pages, POLICY) + _taken(browser, look, messages, letters.POLICY)


def _taken(browser: Browser, look: Look, pages: Mapping[str, str], policy: str) -> int:
    context = browser.new_context(
        viewport={"width": look.width, "height": 800},
        color_scheme=look.scheme,
        locale=look.language,
        timezone_id="Europe/Berlin",
    )
    serve(context, pages, renderer(), policy)
    page = context.new_page()
    look.folder.mkdir(parents=True, exist_ok=True)
    for name in pages:
        show(page, name)
        page.screenshot(path=look.folder / f"{name}.png", full_page=True)
    context.close()
    return len(pages)


def main(wanted: tuple[str, ...]) -> None:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        total = sum(photograph(browser, look, wanted) for look in looks())
        browser.close()
    print(f"{total} pictures in {OUT}")


if __name__ == "__main__":
    main(tuple(sys.argv[1:]))
