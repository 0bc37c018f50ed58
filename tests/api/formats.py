"""What schemathesis has to be told: texts of our own formats, names, and what an app shows."""

import itertools
import json
import os
import re
import unicodedata
from typing import Any, Final
from urllib.parse import unquote

import pyotp
import schemathesis
from hypothesis import strategies as st

from sidecar.core.subjects import MAX_SUBJECT_BYTES

REALM: Final = "app_login"
"""The realm of the sidecar that is called."""
NOW: Final = "SIDECAR_TEST_NOW"
"""What time it is there: its clock stands still."""
PEOPLE: Final = "SIDECAR_TEST_PEOPLE"
"""JSON: who is there, and for each what is theirs: `secret`, `authenticator_id`, `session_id`."""
RIGHT_CODE: Final = "123456"
"""Stands for what the person's app shows; any other code is wrong."""
THEIRS: Final = "their-own"
"""Stands for the id of what is theirs."""
LONGEST: Final = 255

_UNSEEN: Final = ("Cc", "Cf", "Cs", "Zl", "Zp", "Cn", "Co")
_CHARACTERS = st.characters(exclude_categories=_UNSEEN)
_OF_NAMES = st.characters(exclude_categories=_UNSEEN, exclude_characters="%")
"""The tool writes paths in which a % stands for itself, whatever follows it."""

KEY: Final = "Idempotency-Key"
_SOUND_KEY: Final = re.compile(r"[!-~]{1,240}")
_calls = itertools.count()
_apps: Final[dict[str, str]] = {}
"""Enrollment -> the secret that was shown for it."""


def _can_be_somebody(text: str) -> bool:
    folded = unicodedata.normalize("NFKC", text) == text
    return folded and len(text.encode()) <= MAX_SUBJECT_BYTES


def _is_line(text: str) -> bool:
    return 0 < len(text) <= LONGEST and all(unicodedata.category(c) not in _UNSEEN for c in text)


subjects = st.text(_OF_NAMES, min_size=1, max_size=60).filter(_can_be_somebody)
users = st.one_of(subjects, subjects.map(f"{REALM}:{{}}".format))
lines = st.text(_CHARACTERS, min_size=1, max_size=LONGEST)

schemathesis.openapi.format("user-id", users)
schemathesis.openapi.format("line", lines)


@schemathesis.hook
def filter_case(_context: schemathesis.HookContext, case: schemathesis.Case[Any]) -> bool:
    """A text that is to be no line, and is one, is no case: the tool cannot spell others."""
    mutations: tuple[Any, ...] = getattr(case.meta.phase.data, "mutations", ()) if case.meta else ()
    if [one.keywords for one in mutations] != [("format",)] or not isinstance(case.body, dict):
        return True
    text = case.body.get(mutations[0].schema_pointer.rpartition("/")[2])
    return not (isinstance(text, str) and _is_line(text))


@schemathesis.hook
def before_call(
    _context: schemathesis.HookContext, case: schemathesis.Case[Any], _kwargs: dict[str, Any]
) -> None:
    """Names are spelled as they are, what stands for something of a person's becomes that, and no
    two calls have one key: the second would not be looked at.
    """
    path, query, body = (
        part if isinstance(part, dict) else {}
        for part in (case.path_parameters, case.query, case.body)
    )
    for part in (query, body):
        name = part.get("user_id")
        if isinstance(name, str) and name.startswith(f"{REALM}%3A"):
            part["user_id"] = unquote(name)  # the tool took it out of a path
    whose = path.get("user_id") or query.get("user_id") or body.get("user_id")
    theirs = json.loads(os.environ[PEOPLE]).get(str(whose).removeprefix(f"{REALM}:"), {})
    for part in (path, body):
        for name in ("authenticator_id", "session_id"):
            if part.get(name) == THEIRS and name in theirs:
                part[name] = theirs[name]
    key = case.headers.get(KEY) if case.headers else None
    if isinstance(key, str) and _SOUND_KEY.fullmatch(key):
        case.headers[KEY] = f"{key}-{next(_calls)}"
    if body.get("code") == RIGHT_CODE:
        secret = _apps.get(str(body.get("enrollment_id"))) or theirs.get("secret", "")
        body["code"] = pyotp.TOTP(secret).at(int(os.environ[NOW])) if secret else RIGHT_CODE


@schemathesis.hook
def after_call(
    _context: schemathesis.HookContext,
    case: schemathesis.Case[Any],
    response: schemathesis.Response,
) -> None:
    """What an app is given at its set-up is kept, for the code it shows next."""
    if case.operation.path == "/totp/setup" and response.status_code == 201:
        said = response.json()
        _apps[said["enrollment_id"]] = said["secret"]
