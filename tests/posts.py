"""Messages to keep and count, for the suites of stores and of flows."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta

from sidecar.core.messages import Contact, Message
from sidecar.core.model import ChallengeId, Person
from sidecar.core.outbox import Posted, PostId
from tests.conformance.stores import ADA, NOW

NUMBER = "+4915112345642"
MAIL = "ada@x.test"
PHONE = Contact("sms", NUMBER)
MAILBOX = Contact("email", MAIL)
SAID: Mapping[str, str] = {"code": "482913", "minutes": "10"}


def post(which: str = "p1", person: Person = ADA, **changes: object) -> Posted:
    """Return a text message with a code, accepted at noon."""
    plain = Posted(
        id=PostId(which),
        person=person,
        message=Message("sms", "sign_in_code", NUMBER, SAID, "texts"),
        account="ada@x.test",
        language="en",
        created_at=NOW,
        expires_at=NOW + timedelta(minutes=10),
        challenge_id=ChallengeId("c1"),
        region="+49",
    )
    return replace(plain, **changes)  # type: ignore[arg-type]  # the test says what it changes


def notice(which: str = "n1", at: datetime = NOW) -> Posted:
    """Return a mail that answers nothing."""
    message = Message("email", "authenticator_added", MAIL, {"what": "Phone"}, "mail")
    return post(which, message=message, challenge_id=None, region="", created_at=at)
