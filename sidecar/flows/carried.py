"""A challenge that its page carries, encrypted: nothing is stored before it is answered.

So GET changes nothing, although a page may ask with a fresh challenge each time it is shown.
"""

import json
from base64 import b64decode, b64encode
from dataclasses import dataclass, field
from datetime import datetime

from sidecar.core.errors import ChallengeGone
from sidecar.core.model import Challenge, ChallengeId, Person, Prompt, Purpose, SessionId
from sidecar.flows.tokens import Tokens

MAX_STATE_BYTES = 1024
"""More is stored instead: a form field should stay small."""

UNSHOWN = Prompt("carried")
"""The prompt of a row that was carried: its page has shown the real one, once and for all."""


@dataclass(frozen=True, slots=True)
class Carried:
    """What a page asks, and the token by which its form brings the challenge back."""

    prompt: Prompt
    token: str = field(repr=False)


def seal_carried(tokens: Tokens, challenge: Challenge) -> str:
    """Return the challenge as a text that only we can make or read."""
    content = {
        "id": challenge.id,
        "realm": challenge.person.realm,
        "subject": challenge.person.subject,
        "session": challenge.session_id,
        "factor": challenge.factor,
        "action": challenge.action,
        "state": b64encode(challenge.state).decode("ascii"),
        "at": challenge.created_at.isoformat(),
        "until": challenge.expires_at.isoformat(),
    }
    return tokens.wrap(json.dumps(content).encode())


def open_carried(
    tokens: Tokens, token: str, person: Person, session: SessionId, *, now: datetime
) -> Challenge:
    """Return the challenge of a token that was sealed for this person and session, lately.

    Raises:
        ChallengeGone: it is too old, somebody else's, of an older form, or none of ours.

    """
    try:
        content = json.loads(tokens.unwrap(token))
        challenge = _challenge(content)
    except (ValueError, KeyError, TypeError) as unreadable:
        message = "not a carried challenge"
        raise ChallengeGone(message) from unreadable
    if (challenge.person, challenge.session_id) != (person, session):
        message = "carried by somebody else, or into another session"
        raise ChallengeGone(message)
    if challenge.expires_at <= now:
        message = "carried for too long"
        raise ChallengeGone(message)
    return challenge


def _challenge(content: dict[str, str]) -> Challenge:
    action = content["action"]
    return Challenge(
        id=ChallengeId(content["id"]),
        person=Person(content["realm"], content["subject"]),
        session_id=SessionId(content["session"]),
        purpose=Purpose.ACTION if action else Purpose.SIGN_IN,
        factor=content["factor"],
        action=action,
        authenticator_id=None,
        prompt=UNSHOWN,
        state=b64decode(content["state"], validate=True),
        created_at=datetime.fromisoformat(content["at"]),
        expires_at=datetime.fromisoformat(content["until"]),
    )
