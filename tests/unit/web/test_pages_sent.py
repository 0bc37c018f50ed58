"""The scripts around codes that travel by a message, in a real browser."""

import pytest
from playwright.sync_api import Browser

from tests.tools import samples
from tests.tools.looking import faults, opened
from tests.tools.pages_server import show


@pytest.mark.parametrize("name", ["remember", "sms-remember"])
def test_nothing_is_sent_by_itself_beside_a_choice(browser: Browser, name: str) -> None:
    """A box to tick beside the code shows that there is time to tick it."""
    context = browser.new_context()
    page = opened(context, "en")
    show(page, name)
    assert not page.get_by_label("Remember this browser").is_checked()
    page.evaluate(
        """() => { window.sent = 0;
        document.addEventListener("submit", (event) => { event.preventDefault(); sent += 1; }); }"""
    )
    page.keyboard.type("123456")
    assert page.evaluate("window.sent") == 0
    context.close()


OFFER = """
window.asked = [];
window.OTPCredential = class {};
Object.defineProperty(navigator, "credentials", { value: { get: (options) => {
  asked.push(options.otp.transport.join());
  return new Promise((resolve, reject) => {
    window.arrive = (code) => resolve({ code });
    options.signal.addEventListener("abort", () => { asked.push("over"); reject(new Error()); });
  });
} } });
window.sent = [];
document.addEventListener("submit", (event) => {
  event.preventDefault(); sent.push(new FormData(event.target).get("code")); });
"""


@pytest.mark.conforms("WCAG-3.3.8")
def test_a_phone_hands_the_code_over(browser: Browser) -> None:
    """A message that names this site shows its code in the field, sent once; typing goes first."""
    context = browser.new_context()
    page = opened(context, "en")
    page.add_init_script(OFFER)
    show(page, "sms-sent")
    assert page.evaluate("window.asked") == ["sms"]
    page.evaluate("arrive('482913')")
    page.wait_for_function("window.sent.length > 0")
    assert page.evaluate("window.sent") == ["482913"]
    show(page, "sms-remember")
    page.evaluate("arrive('482913')")
    page.wait_for_function("document.querySelector('#code').value === '482913'")
    assert page.evaluate("window.sent") == []
    show(page, "sms-sent")
    page.keyboard.type("1")
    assert page.evaluate("window.asked") == ["sms", "over"]
    show(page, "email-sent")
    assert page.evaluate("window.asked") == []
    assert faults(page) == []
    context.close()


def test_the_button_to_send_again_comes_when_it_is_due(browser: Browser) -> None:
    """Before its time the page shows when; at the time the button, said once to who listens."""
    context = browser.new_context(timezone_id="Europe/Berlin", locale="en-GB")
    page = opened(context, "en")
    page.clock.install(time=samples.NOW)
    show(page, "sms-sent")
    page.get_by_text("No message yet?").click()
    button = page.get_by_role("button", name="Send it again")
    assert not button.is_visible()
    assert page.get_by_text("sent again at 14:59").is_visible()
    page.clock.run_for(42_000)
    assert button.is_visible()
    assert page.locator("[data-due-now]").inner_text() == "You can have it sent again now."
    show(page, "sms-again-due")
    page.get_by_text("No message yet?").click()
    assert page.get_by_role("button", name="Send it again").is_visible()
    context.close()
