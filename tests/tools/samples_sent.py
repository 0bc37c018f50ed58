"""One example of every state of the pages around codes that travel by a message."""

from dataclasses import replace
from datetime import timedelta

from sidecar.core.model import Prompt
from sidecar.web.questions import Choice, Fault, Offer, Question, Target
from sidecar.web.views import (
    ChallengeView,
    ConfirmPersonView,
    ConfirmView,
    DisownView,
    EnrolledView,
    EnrollView,
    HeldView,
    View,
)
from tests.tools.values import NOW

SOON = NOW + timedelta(seconds=40)
LATER = NOW + timedelta(minutes=12)
ENDS = NOW + timedelta(minutes=10)
NUMBER = Target("a5", "sms", "+49 ••• ••42", "Work")
HOME = Target("a6", "sms", "+49 ••• ••17")
MAILBOX = Target("a7", "email", "a•••@example.com")
SMS = Offer("sms", "sms", detail="+49 ••• ••42", channel="sms", targets=(NUMBER,))
MAIL = Offer("email", "email", detail=MAILBOX.to, channel="email", targets=(MAILBOX,))
APP = Offer("totp", "totp", detail="Pixel 8", last_used=NOW - timedelta(hours=5))
SHEET = Offer("backup_codes", "backup_codes", left=7)
TEXT_MESSAGE = Choice("sms", "sms", restricted=True)
EMAIL = Choice("email", "email")
SAFER = (Choice("webauthn", "webauthn", recommended=True), Choice("totp", "totp"))


def code(channel: str, to: str) -> Prompt:
    return Prompt("message_code", {"channel": channel, "to": to, "digits": 6, "host": "harbour"})


SMS_CODE, MAIL_CODE = code("sms", NUMBER.to), code("email", MAILBOX.to)
NUMBER_ASKED = Prompt(
    "address", {"channel": "sms", "suggestion": "", "restricted": True, "regions": ("DE", "AT")}
)
MAIL_ASKED = Prompt(
    "address",
    {"channel": "email", "suggestion": MAILBOX.to, "restricted": False, "regions": ()},
)
SENT = Question(SMS, SMS_CODE, "ch_3", (APP, SHEET), until=ENDS, again_at=SOON)


def sent_views() -> dict[str, View]:
    """Return the pages that ask for an address, and those that ask for what was sent to it."""
    return {**_addresses(), **_codes()}


def _addresses() -> dict[str, View]:
    asked = EnrollView(TEXT_MESSAGE, NUMBER_ASKED, "en_2", stronger=SAFER, next="n")
    typed = {"address": "+49 151 234567"}
    confirming = EnrollView(
        TEXT_MESSAGE, SMS_CODE, "en_3", first=False, until=ENDS, again_at=SOON, naming=True
    )
    other = Prompt("address", {"channel": "pager", "restricted": True, "regions": ()})
    anywhere = Prompt("address", {"channel": "sms", "restricted": False, "regions": ()})
    german = Prompt("address", {"channel": "sms", "restricted": False, "regions": ("DE",)})
    return {
        "enroll-sms": asked,
        "enroll-sms-bad": replace(asked, fault=Fault("bad-address"), typed=typed),
        "enroll-sms-region": replace(asked, fault=Fault("region-refused"), typed=typed),
        "enroll-sms-risk": replace(asked, fault=Fault("risk-not-accepted"), typed=typed),
        "enroll-sms-undelivered": replace(asked, fault=Fault("delivery-failed"), typed=typed),
        "enroll-sms-anywhere": replace(asked, prompt=anywhere),
        "enroll-sms-german": replace(asked, prompt=german),
        "enroll-pager": replace(asked, choice=Choice("p", "acme:P", "Pager"), prompt=other),
        "enroll-sms-code": confirming,
        "enroll-sms-code-wrong": replace(confirming, fault=Fault("wrong")),
        "enroll-sms-bad-name": replace(
            confirming, fault=Fault("bad-name"), typed={"name": "x" * 60}
        ),
        "enroll-sms-many": replace(
            confirming, fault=Fault("too-many-messages", until=LATER), again_at=None
        ),
        "enroll-email": EnrollView(EMAIL, MAIL_ASKED, "en_4"),
        "enroll-email-bad": EnrollView(
            EMAIL, MAIL_ASKED, "en_4", fault=Fault("bad-address"), typed={"address": "ada@"}
        ),
        "enroll-email-code": EnrollView(
            EMAIL, MAIL_CODE, "en_5", until=ENDS, again_at=SOON, sent_again=True
        ),
        "enrolled": EnrolledView(SAFER, next="n"),
    }


def _codes() -> dict[str, View]:
    opening, month = "Payments", timedelta(days=30)
    failed, many = Fault("delivery-failed"), Fault("too-many-messages", until=LATER)
    two = replace(SMS, targets=(NUMBER, HOME))
    pager = replace(SMS, kind="acme:P", label="Pager", channel="pager")
    return {
        "sms-to-send": ChallengeView(Question(SMS, others=(APP, MAIL, SHEET)), opening, next="n"),
        "sms-to-choose": ChallengeView(Question(two, others=(APP,)), opening),
        "sms-sent": ChallengeView(SENT, opening, next="n"),
        "sms-remember": ChallengeView(SENT, opening, remember=month),
        "sms-again-due": ChallengeView(replace(SENT, again_at=NOW - timedelta(seconds=5)), opening),
        "sms-again-sent": ChallengeView(replace(SENT, sent_again=True), opening),
        "sms-no-more": ChallengeView(replace(SENT, again_at=None), opening),
        "sms-wrong": ChallengeView(replace(SENT, fault=Fault("wrong")), opening),
        "sms-malformed": ChallengeView(replace(SENT, fault=Fault("malformed")), opening),
        "sms-used": ChallengeView(replace(SENT, fault=Fault("already-used")), opening),
        "sms-failed": ChallengeView(Question(SMS, others=(APP, SHEET), fault=failed), opening),
        "sms-failed-only": ChallengeView(Question(SMS, fault=failed), opening),
        "sms-many": ChallengeView(Question(SMS, others=(APP,), fault=many), opening),
        "sms-many-only": ChallengeView(Question(SMS, fault=Fault("too-many-messages")), opening),
        "email-sent": ChallengeView(
            Question(MAIL, MAIL_CODE, "ch_4", (APP,), until=ENDS, again_at=SOON), opening
        ),
        "email-failed": ChallengeView(Question(MAIL, others=(APP,), fault=failed), opening),
        "pager-sent": ChallengeView(
            Question(pager, code("pager", "4711"), "ch_5", until=ENDS, again_at=SOON), opening
        ),
        "pager-failed": ChallengeView(Question(pager, others=(APP,), fault=failed), opening),
        "remember": ChallengeView(
            Question(APP, Prompt("code", {"digits": 6}), "ch_6", (SHEET,)), opening, remember=month
        ),
        "confirm-remove-by-sms": ConfirmView("remove", "Pixel 8", SENT),
    }


def guarded_views() -> dict[str, View]:
    """Return the pages that guard a first enrollment and what was added later."""
    to_send = ConfirmPersonView((MAILBOX,), opening="Payments", next="n")
    sent = ConfirmPersonView(
        (MAILBOX,), MAIL_CODE, "ch_7", until=ENDS, again_at=SOON, opening="Payments"
    )
    disown = DisownView("sms", "t" * 43, added=NOW - timedelta(hours=2))
    held = HeldView(NOW + timedelta(hours=23), "webauthn", name="Blue key", opening="/admin/users")
    return {
        "confirm-person": to_send,
        "confirm-person-two": replace(to_send, targets=(MAILBOX, NUMBER), stopped=True),
        "confirm-person-failed": replace(to_send, fault=Fault("delivery-failed")),
        "confirm-person-sent": sent,
        "confirm-person-wrong": replace(sent, fault=Fault("wrong")),
        "disown": disown,
        "disown-done": replace(disown, name="Blue key", done=True, login="/login"),
        "held": held,
        "held-unnamed": replace(held, name="", opening=""),
    }
