"""One example of every state of the account page."""

from datetime import timedelta

from sidecar.web.lines import AddressLine, BrowserLine, Codes, Event, Method, SessionLine
from sidecar.web.questions import Choice, Fault
from sidecar.web.views import AccountView, View
from tests.tools.values import NOW

TOTP = Choice("totp", "totp")
PASSKEY = Choice("webauthn", "webauthn", recommended=True)
TEXT_MESSAGE = Choice("sms", "sms", restricted=True)
EMAIL = Choice("email", "email")
PUSH = Choice("push", "acme_push:PLUGIN", "Approval in the Acme app")
KINDS = (PASSKEY, TOTP, EMAIL, TEXT_MESSAGE)
DAY = timedelta(days=1)
PIXEL = Method("a1", "totp", "Pixel 8", NOW - 200 * DAY, NOW - timedelta(hours=5))
TABLET = Method("a2", "totp", "Tablet in the kitchen", NOW, held_until=NOW + DAY)
BLUE = Method("a3", "webauthn", "Blue key", NOW - 90 * DAY, NOW - 30 * DAY, suspended=True)
TOUCH = Method("a4", "webauthn", "", NOW, detail="iCloud Keychain")
WORK = Method("a5", "sms", "Work", NOW, NOW - DAY, detail="+49 ••• ••42", restricted=True)
HOME = Method("a6", "sms", "", NOW - DAY, detail="+49 ••• ••17", restricted=True)
MAIL = Method("a7", "email", "", NOW - DAY, NOW, detail="a•••@example.com")
APPROVAL = Method("a8", "acme_push:PLUGIN", "", NOW - DAY, label="Approval in the Acme app")
HERE = SessionLine("s1", "Firefox · Linux", "192.0.2.x", NOW - DAY, NOW, current=True)
PHONE = SessionLine("s2", "Safari · iPhone", "2001:db8::x", NOW - 3 * DAY, NOW - DAY)
EVENTS = (
    Event(NOW, "renamed", "Tablet in the kitchen", "Firefox · Linux", "192.0.2.x"),
    Event(NOW - DAY, "verified", "Pixel 8", "Safari · iPhone", "2001:db8::x"),
    Event(NOW - DAY, "wrong-code", "Pixel 8", "Safari · iPhone", "2001:db8::x"),
    Event(NOW - 2 * DAY, "disabled"),
    Event(NOW - 2 * DAY, "locked"),
    Event(NOW - 9 * DAY, "code-used", "", "Edge on Windows", "198.51.100.0/24"),
    Event(NOW - 90 * DAY, "added", "Blue key"),
)
ONLY = Method("a1", "totp", "Pixel 8", NOW - DAY, removable=False)
FULL = Codes("b1", 7, 10, NOW - 200 * DAY)
FIREFOX = BrowserLine("t1", "Firefox · Linux", "192.0.2.x", NOW, NOW, NOW + 30 * DAY, current=True)
SAFARI = BrowserLine("t2", "Safari · iPhone", "2001:db8::x", NOW, NOW - 2 * DAY, NOW + 9 * DAY)


def account_views() -> dict[str, View]:
    """Return every state of the account page."""
    return {"account-many": _many(), **_usual()}


def _many() -> View:
    """Return the page of somebody who has some of everything."""
    return AccountView(
        (BLUE, TOUCH, PIXEL, TABLET, WORK, HOME, MAIL, APPROVAL),
        FULL,
        choices=(*KINDS, PUSH),
        sessions=(HERE, PHONE),
        browsers=(FIREFOX, SAFARI),
        remembering=True,
        addresses=(
            AddressLine("email", "a•••@example.com"),
            AddressLine("sms", "+49 ••• ••42", verified=False),
        ),
        events=(
            Event(NOW, "browser-remembered", "", "Firefox · Linux"),
            Event(NOW, "browser-stolen", "", "Safari · iPhone", "2001:db8::x"),
            Event(NOW, "browser-forgotten"),
            Event(NOW - DAY, "disowned", "sms"),
            Event(NOW - DAY, "disowned"),
        ),
        done="browser-forgotten",
    )


def _usual() -> dict[str, View]:
    return {
        "account": AccountView(
            (PIXEL, TABLET, BLUE), FULL, choices=(TOTP,), sessions=(HERE, PHONE), events=EVENTS
        ),
        "account-no-browsers": AccountView(
            (PIXEL,), FULL, remembering=True, sessions=(HERE,), done="browsers-forgotten"
        ),
        "account-few": AccountView(
            (ONLY,), Codes("b1", 2, 10, NOW - DAY), sessions=(HERE,), done="renamed", events=EVENTS
        ),
        "account-no-codes": AccountView((ONLY,), codes_able=False, sessions=(HERE,)),
        "account-bare": AccountView((ONLY,), sessions=(HERE,), fault=Fault("bad-name")),
        "account-bad-name": AccountView(
            (Method("a1", "totp", "", NOW - DAY),),
            renaming="a1",
            typed="\t",
            fault=Fault("bad-name"),
        ),
    }
