"""One example of every state of the pages around passkeys and security keys."""

from dataclasses import replace
from datetime import timedelta

from sidecar.core.model import Prompt, PromptValue
from sidecar.web.questions import Choice, Fault, FaultKind, Offer, Passkey, Question
from sidecar.web.views import ChallengeView, ConfirmView, EnrollView, View
from tests.tools.values import NOW

PASSKEY = Choice("webauthn", "webauthn", recommended=True)
KEYS = Offer("webauthn", "webauthn", detail="Blue key, Laptop", last_used=NOW - timedelta(days=3))
APP = Offer("totp", "totp", detail="Pixel 8", last_used=NOW - timedelta(hours=5))
SHEET = Offer("backup_codes", "backup_codes", left=7)
KNOWN: dict[str, PromptValue] = {
    "accepted": ("AQID", "BAUG"),
    "rp_id": "localhost",
    "user_id": "BwgJ",
}
ASKED = Prompt(
    "webauthn",
    {
        "options": '{"challenge":"AQID","rpId":"localhost","allowCredentials":[]}',
        "conditional": True,
        "names": ("Blue key", "Laptop"),
        **KNOWN,
    },
)
MADE = Prompt(
    "webauthn_enrollment",
    {
        "options": '{"challenge":"AQID","rp":{"id":"localhost","name":"Harbour"},'
        '"user":{"id":"BwgJ","name":"ada","displayName":"ada"},"pubKeyCredParams":[]}',
        **KNOWN,
    },
)
TELL = Prompt("signal_unknown_key", {"rp_id": "localhost", "credential_id": "AQID"})
QUESTION = Question(KEYS, ASKED, others=(APP, SHEET), carried="t" * 400)
FAULTS: tuple[FaultKind, ...] = ("wrong", "unknown-key", "cloned", "unverified", "unsuitable")


def key_views() -> dict[str, View]:
    """Return the pages that ask for a key, offer a passkey beside a code, or set one up."""
    opening = "Payments"
    making = EnrollView(PASSKEY, MADE, "en_4", next="n")
    beside = Passkey("webauthn", ASKED, "t" * 400)
    code = Question(APP, Prompt("code", {"digits": 6}), others=(KEYS, SHEET), passkey=beside)
    return {
        "challenge-key": ChallengeView(QUESTION, opening, next="n"),
        "challenge-key-only": ChallengeView(replace(QUESTION, others=()), remember=None),
        "challenge-key-beside": ChallengeView(code, opening, remember=timedelta(days=30)),
        "confirm-remove-key": ConfirmView("remove", "Blue key", QUESTION, kind="webauthn"),
        "confirm-remove-beside": ConfirmView("remove", "Blue key", code, kind="webauthn"),
        "confirm-add-key": ConfirmView("add", question=QUESTION),
        "enroll-key": making,
        "enroll-key-more": replace(making, first=False, naming=True),
        "enroll-key-registered": replace(making, first=False, fault=Fault("already-registered")),
        "enroll-key-unsuitable": replace(making, fault=Fault("unsuitable"), typed={"name": "Blue"}),
        **{
            f"challenge-key-{kind}": ChallengeView(
                replace(QUESTION, fault=Fault(kind), tell=TELL), opening
            )
            for kind in FAULTS
        },
    }
