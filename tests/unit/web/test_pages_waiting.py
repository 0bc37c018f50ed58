"""Pages of outages find out by themselves when they can go on, in a real browser."""

from playwright.sync_api import Browser, Page, Route

from tests.tools.looking import opened
from tests.tools.pages_server import ORIGIN, show

PAGE = f"{ORIGIN}/page/outage-store"
LONGEST_S = 60


def listening(page: Page, status: int) -> list[int]:
    """Answer what the page's script asks with the status; return what it was answered."""
    heard: list[int] = []

    def answer(route: Route) -> None:
        if route.request.method == "HEAD":
            heard.append(status)
            route.fulfill(status=status)
        else:
            route.fallback()

    page.route(PAGE, answer)
    return heard


def test_a_page_goes_on_once_it_works(browser: Browser) -> None:
    """A page that waits shows questions that become fewer, and itself loaded anew when one is
    answered well; what it says is said without a script too, beside a link.
    """
    context = browser.new_context()
    page = opened(context, "en")
    page.clock.install()
    heard = listening(page, 503)
    show(page, "outage-store")
    assert (
        page.get_by_role("status").inner_text().endswith("goes on by itself once it works again.")
    )
    for _ in range(30):
        with page.expect_response(lambda answer: answer.request.method == "HEAD"):
            page.clock.fast_forward(LONGEST_S * 2 * 1000)
        if len(heard) == 3:
            break
    assert heard == [503, 503, 503]
    listening(page, 200)
    with page.expect_event("load"):
        page.clock.fast_forward(LONGEST_S * 2 * 1000)
    context.close()


def test_what_was_sent_is_not_sent_again(browser: Browser) -> None:
    """The page after a form was sent shows no script that asks, and what to look for first."""
    context = browser.new_context()
    page = opened(context, "en")
    show(page, "outage-store-sent")
    assert page.locator("[data-asks-every]").count() == 0
    assert "check whether it was before you send it again" in page.inner_text("main")
    assert page.get_by_role("link", name="Try again").count() == 0
    context.close()
