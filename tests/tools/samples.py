"""One example of every state of every page: what is photographed and what axe reads."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta

from sidecar.core.model import Prompt
from sidecar.web.questions import Choice, Fault, Offer, Question
from sidecar.web.views import (
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
from tests.tools.samples_account import KINDS, PASSKEY, PUSH, TEXT_MESSAGE, TOTP, account_views
from tests.tools.samples_keys import key_views
from tests.tools.samples_sent import guarded_views, sent_views
from tests.tools.values import ACCOUNT, HELP, NOW

__all__ = ["ACCOUNT", "HELP", "NOW"]

OUTAGES = (
    "store-unavailable",
    "limiter-unavailable",
    "identity-unavailable",
    "upstream-busy",
)
"""What waiting cures."""
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
        **account_views(),
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
        "enroll-start-needed": EnrollStartView(
            (PASSKEY,), first=False, needed=True, opening="/admin/users"
        ),
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
        "challenge-remembered": ChallengeView(asked(), opening, "remembered"),
        "challenge-remembered-here": ChallengeView(asked(), reason="remembered"),
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


def _rest() -> dict[str, View]:
    errors = {
        f"error-{slug}": ErrorView(
            slug, "01JP8Z6M3Q", next="n", again="/pay" if "upstream" in slug else ""
        )
        for slug in SLUGS
        if slug != "too-many-attempts"
    }
    wait, soon = NOW + timedelta(minutes=12), NOW + timedelta(seconds=5)
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
        **{
            f"outage-{slug.removesuffix('-unavailable')}": ErrorView(
                slug, "01JP8Z6M3Q", soon, sent=False
            )
            for slug in OUTAGES
        },
        **{
            f"outage-{slug.removesuffix('-unavailable')}-sent": ErrorView(
                slug, "01JP8Z6M3Q", soon, sent=True
            )
            for slug in OUTAGES
        },
    }
