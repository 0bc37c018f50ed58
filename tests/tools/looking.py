"""A browser with the sample pages in it, and what it complains of."""

import importlib.resources

from playwright.sync_api import BrowserContext, Page

from tests.tools import samples
from tests.tools.pages_server import renderer, serve

AXE = (importlib.resources.files("axe_playwright_python") / "axe.min.js").read_text("utf-8")
RULES = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]}
WATCH = """
window.faults = [];
addEventListener("error", (event) => faults.push(String(event.message ?? event.target)), true);
addEventListener("unhandledrejection", (event) => faults.push(String(event.reason)));
addEventListener("securitypolicyviolation", (event) => faults.push(event.violatedDirective));
"""
RENDERER = renderer()
VIEWS = samples.views()
NAMES = tuple(VIEWS)


def pages(language: str) -> dict[str, str]:
    frame = samples.frame(language)
    found = {name: RENDERER.page(view, frame) for name, view in VIEWS.items()}
    # Reading a page that leaves by itself is a race; the refresh has its own test.
    return {name: html.replace('http-equiv="refresh"', 'name="r"') for name, html in found.items()}


def opened(context: BrowserContext, language: str) -> Page:
    serve(context, pages(language), RENDERER)
    context.add_init_script(WATCH)
    page = context.new_page()
    page.set_default_timeout(10_000)
    return page


def faults(page: Page) -> list[str]:
    """Return breaches of the page's policy and scripts that failed."""
    found: list[str] = page.evaluate("window.faults")
    return found


def complaints(page: Page) -> list[str]:
    """Return what axe finds, one line each."""
    page.evaluate(AXE)
    found = page.evaluate("async (rules) => (await axe.run(document, rules)).violations", RULES)
    return [
        f"{rule['id']}: {node['html']} {node['failureSummary']}"
        for rule in found
        for node in rule["nodes"]
    ]
