"""One example of every state of every page: what is photographed and what axe reads."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta

from sidecar.core.model import Prompt
from sidecar.web.lines import AddressLine, BrowserLine, Codes, Event, Method, SessionLine
from sidecar.web.questions import Choice, Fault, Offer, Question
from sidecar.web.views import (
    AccountView,
    BackupCodesView,
    ChallengeView,
    ConfirmView,
    ContinueView,
    EnrollStartView,
    EnrollView,
    ErrorView,
    Frame,
    InvitationNeededView,
    RecoveryNeededView,
    SignedOutView,
    View,
)
from tests.tools.samples_keys import key_views
from tests.tools.samples_sent import guarded_views, sent_views
from tests.tools.values import ACCOUNT, HELP, NOW

__all__ = ["ACCOUNT", "HELP", "NOW"]

SLUGS = (
    "malformed-request",
    "body-too-large",
    "misdirected-request",
    "not-identified",
    "credential-undeclared",
    "step-up-required",
    "enrollment-required",
    "recovery-needed",
    "access-denied",
    "cross-site-refused",
    "invitation-needed",
    "not-found",
    "not-yours",
    "conflict",
    "challenge-gone",
    "response-rejected",
    "too-many-attempts",
    "delivery-failed",
    "upstream-unreachable",
    "upstream-busy",
    "upstream-timed-out",
    "identity-unavailable",
    "store-unavailable",
    "limiter-unavailable",
    "plugin-failed",
    "internal-error",
)

SECRET = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"
ENROLLMENT = Prompt(
    "totp_enrollment",
    {
        "uri": f"otpauth://totp/Harbour:ada.lovelace%40example.com?secret={SECRET}&issuer=Harbour",
        "secret": SECRET,
        "digits": 6,
        "period": 30,
        "algorithm": "SHA1",
    },
)
CODES = Prompt(
    "lookup_codes",
    {"codes": tuple(f"{n:04d}-K7QM-9XRT-2VBD-{'HJNPWXYZTG'[n] * 4}" for n in range(10))},
)
CODE = Prompt("code", {"digits": 6})
BACKUP = Prompt("backup_code", {"length": 20})

APP = Offer("totp", "totp", detail="Pixel 8", last_used=NOW - timedelta(hours=5))
SHEET = Offer("backup_codes", "backup_codes", left=7)
KEY = Offer("webauthn", "webauthn", detail="Blue key", last_used=NOW - timedelta(days=3))
TEXTS = Offer("sms", "sms", detail="+49 ••• ••12", locked_until=NOW + timedelta(minutes=4))
TOTP = Choice("totp", "totp")
PASSKEY = Choice("webauthn", "webauthn", recommended=True)
TEXT_MESSAGE = Choice("sms", "sms", restricted=True)
EMAIL = Choice("email", "email")
PUSH = Choice("push", "acme_push:PLUGIN", "Approval in the Acme app")
KINDS = (PASSKEY, TOTP, EMAIL, TEXT_MESSAGE)


def frame(language: str = "en", *, now: datetime = NOW, here: str = "/_sidecar/challenge") -> Frame:
    return Frame(language=language, now=now, account=ACCOUNT, csrf="c" * 43, here=here)


def asked(fault: Fault | None = None, *, others: tuple[Offer, ...] = (SHEET,)) -> Question:
    return Question(APP, CODE, "ch_1", others, fault)


def views() -> Mapping[str, View]:
    """Return every page state by its file name."""
    return {
        **_enrolling(),
        **_challenged(),
        **_confirming(),
        **_account(),
        **_rest(),
        **sent_views(),
        **guarded_views(),
        **key_views(),
    }


def _enrolling() -> dict[str, View]:
    opening = "Payments"
    wrong = Fault("wrong")
    return {
        "enroll-start": EnrollStartView((TOTP,), opening=opening, next="n"),
        "enroll-start-invited": EnrollStartView((TOTP,), invited=True, opening=opening),
        "enroll-start-invitation-wrong": EnrollStartView(
            (TOTP,), invited=True, invitation="K7QM-9XRT", fault=Fault("invitation")
        ),
        "enroll-start-choice": EnrollStartView((PASSKEY, TOTP), opening=opening, stopped=True),
        "enroll-start-all": EnrollStartView((*KINDS, PUSH), opening=opening, next="n"),
        "enroll-start-more": EnrollStartView(
            (PASSKEY, replace(TOTP, held=1), TEXT_MESSAGE), first=False
        ),
        "enroll-totp": EnrollView(TOTP, ENROLLMENT, "en_1", next="n"),
        "enroll-totp-wrong": EnrollView(TOTP, ENROLLMENT, "en_1", first=False, fault=wrong),
        "enroll-labelled": EnrollView(Choice("app", "totp", "Company app"), ENROLLMENT, "en_1"),
        "backup-codes": BackupCodesView(CODES, NOW, next="n"),
        "backup-codes-not-kept": BackupCodesView(CODES, NOW, first=False, fault=Fault("not-kept")),
        "invitation-needed": InvitationNeededView("n"),
    }


def _challenged() -> dict[str, View]:
    soon = NOW + timedelta(minutes=6)
    many = (KEY, SHEET, TEXTS)
    opening = "Payments"
    used, behind, ahead = Fault("already-used"), Fault("clock-off", -92), Fault("clock-off", 61)
    letters = Question(SHEET, BACKUP, "ch_2", (APP,))
    return {
        "challenge": ChallengeView(asked(), opening, lasts=timedelta(hours=1), next="n"),
        "challenge-many": ChallengeView(asked(others=many), opening, "stale", timedelta(minutes=5)),
        "challenge-only": ChallengeView(asked(others=()), "/reports/2026/q1?view=all", "stronger"),
        "challenge-begin": ChallengeView(Question(APP, others=(SHEET,)), opening),
        "challenge-stopped": ChallengeView(asked(), opening, stopped=True),
        "challenge-wrong": ChallengeView(asked(Fault("wrong")), opening),
        "challenge-malformed": ChallengeView(asked(Fault("malformed")), opening),
        "challenge-used": ChallengeView(asked(used), opening),
        "challenge-clock-behind": ChallengeView(asked(behind), opening),
        "challenge-clock-ahead": ChallengeView(asked(ahead), opening),
        "challenge-locked": ChallengeView(
            Question(APP, None, "", (SHEET,), Fault("locked", until=soon)), opening
        ),
        "challenge-locked-only": ChallengeView(Question(APP, fault=Fault("locked", until=soon))),
        "challenge-expired": ChallengeView(Question(APP, None, "", (SHEET,), Fault("expired"))),
        "challenge-backup": ChallengeView(letters, opening),
        "challenge-backup-wrong": ChallengeView(
            Question(SHEET, BACKUP, "ch_2", (APP,), Fault("wrong")), opening
        ),
    }


def _confirming() -> dict[str, View]:
    return {
        "confirm-remove": ConfirmView("remove", "Pixel 8", asked()),
        "confirm-remove-unnamed": ConfirmView("remove", question=asked(), kind="totp"),
        "confirm-codes": ConfirmView("codes", question=asked()),
        "confirm-add": ConfirmView("add", question=asked(Fault("wrong"))),
        "confirm-rename": ConfirmView("rename", "Pixel 8", to="account/rename"),
    }


def _account() -> dict[str, View]:
    day = timedelta(days=1)
    pixel = Method("a1", "totp", "Pixel 8", NOW - 200 * day, NOW - timedelta(hours=5))
    tablet = Method("a2", "totp", "Tablet in the kitchen", NOW, held_until=NOW + day)
    key = Method("a3", "webauthn", "Blue key", NOW - 90 * day, NOW - 30 * day, suspended=True)
    touch = Method("a4", "webauthn", "", NOW, detail="iCloud Keychain")
    work = Method("a5", "sms", "Work", NOW, NOW - day, detail="+49 ••• ••42", restricted=True)
    home = Method("a6", "sms", "", NOW - day, detail="+49 ••• ••17", restricted=True)
    mail = Method("a7", "email", "", NOW - day, NOW, detail="a•••@example.com")
    push = Method("a8", "acme_push:PLUGIN", "", NOW - day, label="Approval in the Acme app")
    here = SessionLine("s1", "Firefox on Linux", "192.0.2.0/24", NOW - day, NOW, current=True)
    phone = SessionLine("s2", "Safari on iPhone", "2001:db8::/48", NOW - 3 * day, NOW - day)
    events = (
        Event(NOW, "renamed", "Tablet in the kitchen", "Firefox on Linux", "192.0.2.0/24"),
        Event(NOW - day, "verified", "Pixel 8", "Safari on iPhone", "2001:db8::/48"),
        Event(NOW - day, "wrong-code", "Pixel 8", "Safari on iPhone", "2001:db8::/48"),
        Event(NOW - 2 * day, "disabled"),
        Event(NOW - 2 * day, "locked"),
        Event(NOW - 9 * day, "code-used", "", "Edge on Windows", "198.51.100.0/24"),
        Event(NOW - 90 * day, "added", "Blue key"),
    )
    only = Method("a1", "totp", "Pixel 8", NOW - day, removable=False)
    full = Codes("b1", 7, 10, NOW - 200 * day)
    firefox = BrowserLine(
        "t1", "Firefox · Linux", "192.0.2.0/24", NOW, NOW, NOW + 30 * day, current=True
    )
    safari = BrowserLine(
        "t2", "Safari · iPhone", "2001:db8::/48", NOW, NOW - 2 * day, NOW + 9 * day
    )
    return {
        "account": AccountView(
            (pixel, tablet, key), full, choices=(TOTP,), sessions=(here, phone), events=events
        ),
        "account-many": AccountView(
            (key, touch, pixel, tablet, work, home, mail, push),
            full,
            choices=(*KINDS, PUSH),
            sessions=(here, phone),
            browsers=(firefox, safari),
            remembering=True,
            addresses=(
                AddressLine("email", "a•••@example.com"),
                AddressLine("sms", "+49 ••• ••42", verified=False),
            ),
            events=(
                Event(NOW, "browser-remembered", "", "Firefox on Linux"),
                Event(NOW, "browser-stolen", "", "Safari on iPhone", "2001:db8::/48"),
                Event(NOW, "browser-forgotten"),
                Event(NOW - day, "disowned", "sms"),
                Event(NOW - day, "disowned"),
            ),
            done="browser-forgotten",
        ),
        "account-no-browsers": AccountView(
            (pixel,), full, remembering=True, sessions=(here,), done="browsers-forgotten"
        ),
        "account-few": AccountView(
            (only,), Codes("b1", 2, 10, NOW - day), sessions=(here,), done="renamed", events=events
        ),
        "account-bare": AccountView((only,), sessions=(here,), fault=Fault("bad-name")),
        "account-bad-name": AccountView(
            (Method("a1", "totp", "", NOW - day),),
            renaming="a1",
            typed="\t",
            fault=Fault("bad-name"),
        ),
    }


def _rest() -> dict[str, View]:
    errors = {
        f"error-{slug}": ErrorView(
            slug, "01JP8Z6M3Q", next="n", again="/pay" if "upstream" in slug else ""
        )
        for slug in SLUGS
        if slug != "too-many-attempts"
    }
    wait = NOW + timedelta(minutes=12)
    return {
        "continue": ContinueView("/pay/overview"),
        "continue-stopped": ContinueView("/pay/overview", stopped=True),
        "continue-leaving": ContinueView("/logout", leaving=True),
        "signed-out": SignedOutView(),
        "signed-out-everywhere": SignedOutView(everywhere=True),
        "recovery-needed": RecoveryNeededView("Payments"),
        "recovery-nothing-left": RecoveryNeededView(able=False),
        "error-session-over": ErrorView("challenge-gone", "01JP8Z6M3Q", again="/pay"),
        "error-nobody": ErrorView("not-identified", "01JP8Z6M3Q", again="/login"),
        "error-too-many-attempts": ErrorView("too-many-attempts", "01JP8Z6M3Q", wait),
        **errors,
    }
