"""The life of one person over the API, in which every endpoint has its part and goes well."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

import pyotp

from sidecar.api.endpoints import ENDPOINTS, named
from sidecar.core.clients import Scope
from sidecar.transfer.keys import make_recipient
from tests.api.calling import Api, Reply
from tests.api.mail import mailed
from tests.api.sound import Sound
from tests.visitor import Visitor

RICH: Mapping[str, Any] = MappingProxyType(
    {
        "factors": {
            "totp": {"issuer": "Shop"},
            "key": {"plugin": "tests.stronger:PLUGIN", "issuer": "Shop"},
            "email": {"transport": "mail"},
            "backup_codes": {"count": 8},
        },
        "transports": {"mail": {"plugin": "tests.texting:PLUGIN", "channel": "email"}},
    }
)
"""A sidecar whose people can have something stronger and codes by email too."""
USER = "ada"
ADDRESS = "canary.of.an.address@example.com"
NUMBER = "+4915199887766"

Ask = Callable[[Sound, str], Awaitable[Reply]]


@dataclass
class Story:
    """What was asked so far, what came of it, and what only its person may know."""

    api: Api
    send: Ask
    token: str = field(repr=False)
    """Of a program that may do everything, but for enrolling without a proof."""
    told: list[tuple[str, Reply]] = field(default_factory=list)
    secrets: dict[str, str] = field(default_factory=dict)
    """By what they are; each of them shown once, or never."""

    async def ask(
        self, name: str, body: Mapping[str, object] | None = None, /, *, token: str = "", **at: str
    ) -> dict[str, Any]:
        """Return what an endpoint answers, as it does where all is well; `at` goes into the path,
        as far as it has room, and into the query.
        """
        endpoint = named(name)
        inside = {key: value for key, value in at.items() if f"{{{key}}}" in endpoint.path}
        query = {key: value for key, value in at.items() if key not in inside}
        sent = None if endpoint.body is None else dict(body or {})
        reply = await self.send(Sound(endpoint, inside, query, sent), token or self.token)
        assert reply.status in endpoint.answers, (name, reply.status, reply.raw)
        self.told.append((name, reply))
        is_json = reply.headers.get("Content-Type") == "application/json"
        return reply.said if is_json else {}

    def code(self) -> str:
        """Return what the person's app shows next; it is that late now."""
        self.api.world.clock.travel(seconds=30)
        return pyotp.TOTP(self.secrets["seed"]).at(int(self.api.world.clock().timestamp()))


async def lived(api: Api, send: Ask) -> Story:
    """Everything happened, in an order that makes sense."""
    token, _ = await api.client(set(Scope) - {Scope.ENROLLMENTS_OVERRIDE})
    story = Story(api, send, token, secrets={"token": token})
    await configured(story)
    await with_an_app(story)
    await with_mail(story)
    await with_a_key(story)
    await proving(story)
    await in_a_browser(story)
    await looked_at(story)
    await moved(story)
    await lost_and_helped(story)
    await gone(story)
    assert {name for name, _ in story.told} == {one.name for one in ENDPOINTS}
    return story


async def configured(story: Story) -> None:
    whose = {"user_id": USER}
    contact = {"channel": "sms", "address": NUMBER}
    await story.ask("createConfig", {**whose, "contacts": [contact]})
    await story.ask("readConfig", user_id=USER)
    await story.ask("changeConfig", {"required": False}, user_id=USER)
    invited = await story.ask("invite", whose)
    story.secrets["invitation"] = invited["code"]
    await story.ask("withdrawInvitation", user_id=USER)
    await story.ask("readStatus", user_id=USER)


async def with_an_app(story: Story) -> None:
    whose = {"user_id": USER}
    begun = await story.ask("setupTotp", whose)
    story.secrets["seed"] = begun["secret"]
    code = pyotp.TOTP(begun["secret"]).at(int(story.api.world.clock().timestamp()))
    sent = {**whose, "enrollment_id": begun["enrollment_id"], "code": code, "name": "work phone"}
    await story.ask("verifyTotp", sent)
    made = await story.ask("generateBackupCodes", whose)
    for number, each in enumerate(made["codes"]):
        story.secrets[f"backup code {number}"] = each
    await story.ask("readBackupCodes", user_id=USER)


async def with_mail(story: Story) -> None:
    """A second way, for which the first one is proven."""
    whose = {"user_id": USER}
    await _prove(story, action="authenticator.add:email")
    fields = {"address": ADDRESS}
    begun = await story.ask("beginEnrollment", {**whose, "factor": "email", "fields": fields})
    story.api.world.clock.travel(minutes=2)
    which = begun["enrollment_id"]
    await story.ask("resendEnrollment", whose, enrollment_id=which)
    story.secrets["mailed code"] = mailed(story.api)
    sent = {**whose, "code": mailed(story.api)}
    done = await story.ask("finishEnrollment", sent, enrollment_id=which)
    which = done["authenticator"]["id"]
    await story.ask("listAuthenticators", user_id=USER)
    await story.ask("readAuthenticator", user_id=USER, authenticator_id=which)
    change = {**whose, "name": "private mail"}
    await story.ask("changeAuthenticator", change, authenticator_id=which)


async def with_a_key(story: Story) -> None:
    """Something stronger than what is there, which counts once it is approved."""
    whose = {"user_id": USER}
    await _prove(story, action="authenticator.add:key")
    begun = await story.ask("beginEnrollment", {**whose, "factor": "key"})
    seed = story.secrets["seed of the key"] = begun["prompt"]["data"]["secret"]
    code = pyotp.TOTP(seed).at(int(story.api.world.clock().timestamp()))
    sent = {**whose, "code": code}
    done = await story.ask("finishEnrollment", sent, enrollment_id=begun["enrollment_id"])
    which = done["authenticator"]["id"]
    await story.ask("approveAuthenticator", whose, authenticator_id=which)


async def _prove(story: Story, action: str) -> None:
    whose = {"user_id": USER}
    begun = await story.ask("beginChallenge", {**whose, "factor": "totp", "action": action})
    sent = {**whose, "challenge_id": begun["challenge_id"], "code": story.code()}
    proven = await story.ask("verifyChallenge", sent)
    story.secrets[f"result for {action}"] = proven["result"]


async def proving(story: Story) -> None:
    whose = {"user_id": USER}
    await _prove(story, action="payment:4711")
    story.api.world.clock.travel(hours=1)
    begun = await story.ask("beginChallenge", {**whose, "factor": "email"})
    story.api.world.clock.travel(minutes=2)
    which = {**whose, "challenge_id": begun["challenge_id"]}
    await story.ask("resendChallenge", which)
    story.secrets["mailed code again"] = mailed(story.api)
    await story.ask("verifyChallenge", {**which, "code": mailed(story.api)})
    begun = await story.ask("beginChallenge", {**whose, "factor": "backup_codes"})
    sent = {"challenge_id": begun["challenge_id"], "code": story.secrets["backup code 0"]}
    await story.ask("verifyChallenge", {**whose, **sent})


async def _signed_in(story: Story) -> Visitor:
    browser = story.api.world.visitor()
    await browser.sign_in(USER)
    page = await browser.open("/secret")
    page = await browser.open(f"{page.url}&factor=totp")
    await browser.submit(page, "challenge/answer", code=story.code())
    for number, value in enumerate(browser.cookies.values()):
        story.secrets[f"cookie {number} of {id(browser)}"] = value
    return browser


async def in_a_browser(story: Story) -> None:
    await _signed_in(story)
    listed = await story.ask("listSessions", user_id=USER)
    await story.ask("endSession", user_id=USER, session_id=listed["sessions"][0]["id"])
    await _signed_in(story)
    await story.ask("endSessions", user_id=USER)
    await story.ask("disable", {"user_id": USER, "reason": "phone was stolen"})
    await story.ask("enable", {"user_id": USER})


async def looked_at(story: Story) -> None:
    for name in ("listAttempts", "listEvents", "listUsers", "readStats", "metrics"):
        await story.ask(name)
    for name in ("health", "healthReady", "healthLive", "docs", "openapi"):
        await story.ask(name)
    await story.ask("readUser", user_id=USER)


async def moved(story: Story) -> None:
    """Somebody comes from another system, and everybody is carried to a third one."""
    seed = story.secrets["seed of alice"] = pyotp.random_base32()
    entry = {"user_id": "alice", "secret": seed, "name": "Old phone"}
    done = await story.ask("importUsers", {"entries": [entry]})
    assert done["added"] == 1
    public, _ = make_recipient()
    carried = await story.ask("exportUsers", {"recipient": public})
    assert len(carried["lines"]) > 1


async def lost_and_helped(story: Story) -> None:
    """The phone is lost; one program asks for help, another one gives it."""
    await story.ask("unlockUser", {"reason": "called"}, user_id=USER)
    asked = await story.ask("requestRecovery", {"user_id": USER, "reason": "lost phone"})
    other, _ = await story.api.client(name="supervisor")
    sent = {"recovery_id": asked["recovery_id"]}
    decided = await story.ask("decideRecovery", sent, token=other)
    story.secrets["token of the supervisor"] = other
    story.secrets["invitation to recover"] = decided["invitation"]


async def gone(story: Story) -> None:
    begun = await story.ask("setupTotp", {"user_id": "grace"})
    story.secrets["seed of grace"] = begun["secret"]
    code = pyotp.TOTP(begun["secret"]).at(int(story.api.world.clock().timestamp()))
    sent = {"user_id": "grace", "enrollment_id": begun["enrollment_id"], "code": code}
    done = await story.ask("verifyTotp", sent)
    which = done["authenticator"]["id"]
    await story.ask("removeAuthenticator", user_id="grace", authenticator_id=which)
    await story.ask("resetUser", {"reason": "asked to"}, user_id="grace")
    await story.ask("renameUser", {"user_id": "grace.hopper"}, user_id="grace")
    await story.ask("eraseUser", user_id="grace.hopper")
