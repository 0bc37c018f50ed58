"""Every page in a real browser under its real policy: axe, reflow, keyboard, scripts."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, ViewportSize

from tests.tools import samples
from tests.tools.looking import NAMES, complaints, faults, opened
from tests.tools.pages_server import TEMPLATES, show

WIDE: ViewportSize = {"width": 1280, "height": 800}
NARROW: ViewportSize = {"width": 320, "height": 640}


@pytest.fixture(scope="module")
def light(browser: Browser) -> Iterator[Page]:
    """English, light, wide."""
    context = browser.new_context(viewport=WIDE, color_scheme="light", locale="en-GB")
    yield opened(context, "en")
    context.close()


@pytest.fixture(scope="module")
def dark(browser: Browser) -> Iterator[Page]:
    """German (the longer words), dark, 320 px, no motion."""
    context = browser.new_context(
        viewport=NARROW, color_scheme="dark", locale="de-DE", reduced_motion="reduce"
    )
    yield opened(context, "de")
    context.close()


@pytest.mark.conforms("WCAG-1.3.1", "WCAG-1.4.3", "WCAG-1.4.11", "WCAG-4.1.2")
@pytest.mark.parametrize("name", NAMES)
def test_axe_finds_nothing(light: Page, dark: Page, name: str) -> None:
    """Both ends of the range show that contrast, names, labels and landmarks are right."""
    for page in (light, dark):
        show(page, name)
        assert complaints(page) == []
        assert faults(page) == []


def test_the_checks_notice(light: Page) -> None:
    """A page made worse on purpose shows that a clean result means something."""
    show(light, "challenge")
    light.evaluate(
        """() => { document.querySelector("label").remove();
        document.querySelector(".lead").setAttribute("style", "color: red"); }"""
    )
    light.wait_for_function("window.faults.length > 0")
    assert any("code" in line and "label" in line for line in complaints(light))
    assert faults(light) == ["style-src-attr"]


@pytest.mark.conforms("WCAG-1.4.10")
@pytest.mark.parametrize("name", NAMES)
def test_nothing_is_wider_than_320_pixels(dark: Page, name: str) -> None:
    """The narrow page shows that nobody has to scroll sideways."""
    show(dark, name)
    dark.evaluate("document.querySelectorAll('details').forEach(d => { d.open = true; })")
    assert dark.evaluate("document.documentElement.scrollWidth") <= NARROW["width"]


@pytest.mark.conforms("WCAG-2.5.8")
@pytest.mark.parametrize(
    "name",
    ["challenge-many", "account-many", "enroll-totp", "backup-codes", "sms-sent", "enroll-sms"],
)
def test_targets_are_24_pixels(dark: Page, name: str) -> None:
    """Every control shows that a thumb can hit it; links inside a sentence are excepted."""
    show(dark, name)
    small = dark.evaluate(
        """() => [...document.querySelectorAll("button, summary, input:not([type=hidden]), a")]
        .filter((e) => e.checkVisibility() && !(e.tagName === "A" && e.closest("p, li")))
        .map((e) => [e.outerHTML.slice(0, 90), e.getBoundingClientRect()])
        .filter(([, box]) => box.width < 20 || box.height < 20)
        .map(([html]) => html)"""
    )
    assert small == []


@pytest.mark.conforms("WCAG-2.1.1", "WCAG-2.4.7")
def test_a_challenge_by_keyboard_alone(light: Page) -> None:
    """Typing and Tab show that the field has focus at once and every control can be reached."""
    show(light, "challenge-many")
    assert light.evaluate("document.activeElement.id") == "code"
    reached = []
    for _ in range(6):
        light.keyboard.press("Tab")
        reached.append(light.evaluate("document.activeElement.textContent.trim()"))
        style = light.evaluate("getComputedStyle(document.activeElement).outlineStyle")
        assert (reached[-1], style) == (reached[-1], "solid")
    assert reached[0] == "Confirm"
    assert any("Backup codes" in text for text in reached)
    assert "Get help" in reached


@pytest.mark.conforms("WCAG-3.3.8")
def test_a_pasted_code_is_sent_once(light: Page) -> None:
    """A paste of "123 456" shows that it fits, and goes off by itself, one time."""
    show(light, "challenge")
    light.evaluate(
        """() => { window.sent = []; document.addEventListener("submit", (event) => {
        event.preventDefault(); window.sent.push(new FormData(event.target).get("code")); }); }"""
    )
    light.keyboard.insert_text("123 456")
    light.keyboard.type("7")
    assert light.evaluate("window.sent") == ["123 456"]


@pytest.mark.parametrize("name", ["challenge-wrong", "confirm-remove"])
def test_nothing_is_sent_by_itself_after_a_mistake_or_for_a_removal(light: Page, name: str) -> None:
    """A full code shows that it waits for the button: an autofill must not burn every try."""
    show(light, name)
    light.evaluate(
        """() => { window.sent = 0;
        document.addEventListener("submit", (event) => { event.preventDefault(); sent += 1; }); }"""
    )
    light.keyboard.type("123456")
    assert light.evaluate("window.sent") == 0
    light.keyboard.press("Enter")
    assert light.evaluate("window.sent") == 1


def test_copy_and_download_give_all_codes(browser: Browser) -> None:
    """Clipboard and file show the same codes as the page."""
    context = browser.new_context(permissions=["clipboard-read", "clipboard-write"])
    page = opened(context, "en")
    show(page, "backup-codes")
    page.get_by_role("button", name="Copy").click()
    page.get_by_role("button", name="Copied").wait_for()
    codes = samples.CODES.data["codes"]
    assert isinstance(codes, tuple)
    assert page.evaluate("navigator.clipboard.readText()").split() == list(codes)
    with page.expect_download() as download:
        page.get_by_role("link", name="Download").click()
    text = download.value.path().read_text("utf-8")
    assert download.value.suggested_filename == "backup-codes.txt"
    assert all(code in text for code in codes)
    assert faults(page) == []
    context.close()


def test_print_shows_codes_and_whose_they_are(light: Page) -> None:
    """The print view shows application, account and codes, and nothing to click."""
    show(light, "backup-codes")
    light.emulate_media(media="print")
    text = light.inner_text("body")
    seen = light.evaluate(
        "[...document.querySelectorAll('button, a, input')].filter(e => e.checkVisibility()).length"
    )
    light.emulate_media(media="screen")
    assert "Backup codes for Harbour" in text
    assert samples.ACCOUNT in text
    assert "0009-K7QM" in text
    assert seen == 0


def test_another_tab_goes_on(browser: Browser) -> None:
    """A tab that confirmed shows the waiting one that it may go on."""
    context = browser.new_context()
    waiting = opened(context, "en")
    show(waiting, "challenge")
    done = context.new_page()
    show(done, "continue")
    waiting.wait_for_url("**/_sidecar/continue?next=n", timeout=5_000)
    context.close()


def test_without_scripts_everything_is_there(browser: Browser) -> None:
    """Scripts off show forms that can be sent, a key that can be typed, and no dead button."""
    context = browser.new_context(java_script_enabled=False, viewport=NARROW)
    page = opened(context, "en")
    show(page, "enroll-totp")
    page.get_by_text("Type the key instead").click()
    assert page.locator("#key").inner_text().replace(" ", "") == samples.SECRET
    assert page.get_by_role("button", name="Copy key").count() == 0
    show(page, "backup-codes")
    assert page.get_by_role("link", name="Download").is_visible()
    assert page.get_by_role("button", name="Print").count() == 0
    show(page, "sms-sent")
    page.get_by_text("No message yet?").click()
    assert page.get_by_role("button", name="Send it again").is_enabled()
    show(page, "challenge")
    assert "as soon as" not in page.inner_text("main")
    assert page.get_by_role("button", name="Confirm").is_enabled()
    context.close()


def test_right_to_left(light: Page, dark: Page) -> None:
    """The pages turned round show that nothing sticks out and codes keep their direction."""
    for page in (light, dark):
        for name in ("challenge-many", "account", "enroll-totp", "backup-codes"):
            show(page, name)
            page.evaluate("document.documentElement.dir = 'rtl'")
            width = page.evaluate("document.documentElement.clientWidth")
            assert page.evaluate("document.documentElement.scrollWidth") <= width
            assert page.evaluate(
                "[...document.querySelectorAll('#code, #key, .codes')]"
                ".every((e) => getComputedStyle(e).direction === 'ltr')"
            )


def test_times_become_local(browser: Browser) -> None:
    """A visitor in Berlin shows that times are in their zone and their way of writing."""
    context = browser.new_context(locale="en-GB", timezone_id="Europe/Berlin")
    page = opened(context, "en")
    show(page, "challenge-locked")
    assert "at 15:04." in page.inner_text("[role=alert]")
    context.close()


def test_styles_are_logical() -> None:
    """The sheet shows no left and right, so that any direction works."""
    css = (TEMPLATES / "static" / "page.css").read_text("utf-8")
    for word in (
        "margin-left",
        "margin-right",
        "padding-left",
        "padding-right",
        "text-align: left",
    ):
        assert word not in css
