"""One example of every message, in every form: what is photographed and what is read by tests."""

from datetime import timedelta
from html import escape

from sidecar.core.messages import Letter, Message
from sidecar.core.model import Person
from sidecar.core.outbox import Posted, PostId
from sidecar.letters import LetterWriter, Sender
from sidecar.web.i18n import load_catalogs
from tests.tools.pages_server import TEMPLATES
from tests.tools.values import ACCOUNT, HELP, NOW

CODE = "482913"
HOST = "harbour.example.com"
LINK = f"https://{HOST}/_sidecar/disown?t={'a' * 32}.77c1e.{'t' * 43}"
CODES = ("sign_in_code", "confirm_address", "confirm_person")
NOTICES = (
    "authenticator_added",
    "authenticator_held",
    "authenticator_removed",
    "authenticator_suspended",
    "authenticator_resumed",
    "authenticator_approved",
    "authenticator_disabled",
    "codes_made",
    "browser_theft",
    "factor_suspended",
    "person_reset",
    "person_disabled",
    "person_enabled",
    "person_renamed",
)
NAMES = (*CODES, *NOTICES)
POLICY = "default-src 'none'; style-src 'unsafe-inline'"
"""What a mailbox allows at most: nothing from anywhere, and styles where they stand."""

_SENDER = Sender(
    "Harbour",
    HOST,
    HELP,
    "https://help.example.com/harbour",
    {"texts": "sms", "push": "push"},
    {"push": "Approval in the Acme app"},
)
_WRITER = LetterWriter((TEMPLATES,), load_catalogs(TEMPLATES / "locale"), _SENDER)


def write(
    name: str,
    channel: str,
    language: str,
    *,
    link: bool = True,
    factor: str = "texts",
    what: str = "+49 ••• ••42",
) -> Letter:
    """Return a message as a transport gets it."""
    if name in CODES:
        values = {"code": CODE, "minutes": "10", "host": HOST}
    else:
        values = {"when": NOW.isoformat(), "what": what, "factor": factor}
        values |= {"held_until": (NOW + timedelta(days=1)).isoformat()}
        values |= {"link": LINK} if link else {}
    to = ACCOUNT if channel == "email" else "+491512345642"
    posted = Posted(
        id=PostId("p" * 32),
        person=Person("app_login", "ada"),
        message=Message(channel, name, to, values),
        account=ACCOUNT,
        language=language,
        created_at=NOW,
        expires_at=NOW + timedelta(minutes=10),
    )
    return _WRITER.write(posted)


def pages(language: str) -> dict[str, str]:
    """Return every message as a page: as HTML, as text, and as it stands on a phone."""
    shown = {}
    for name in NAMES:
        mail, text = write(name, "email", language), write(name, "sms", language)
        shown[f"mail-{name}"] = mail.html
        shown[f"mail-{name}-text"] = _plain(f"{mail.subject}\n\n{mail.text}", language)
        shown[f"sms-{name}"] = _plain(text.text, language)
    return shown


def _plain(text: str, language: str) -> str:
    style = "white-space: pre-wrap; overflow-wrap: anywhere; font: 15px/1.5 monospace"
    meta = '<meta charset="utf-8"><meta name="color-scheme" content="light dark">'
    return (
        f'<!doctype html><html lang="{language}"><head>{meta}<title>-</title></head>'
        f'<body><pre style="{style}">{escape(text)}</pre></body></html>'
    )
