"""Who is there cannot be told from answers, but for those whose purpose it is to tell."""

import pytest
import pytest_asyncio

from sidecar.api.endpoint import Endpoint
from sidecar.api.endpoints import ENDPOINTS, named
from tests.api.calling import JSON, Api, Reply
from tests.api.lives import life
from tests.api.sound import placeholders, sound

pytestmark = pytest.mark.asyncio(loop_scope="module")

UNKNOWN, BARE, ENROLLED = "nobody", "bare", "ada"
"""Somebody who was never heard of, who was configured and has nothing, and who has everything."""

ALL_ALIKE = {
    "requestRecovery",
    "resendChallenge",
    "verifyChallenge",
    "verifyTotp",
    "finishEnrollment",
    "resendEnrollment",
    "readAuthenticator",
    "changeAuthenticator",
    "approveAuthenticator",
    "removeAuthenticator",
    "endSession",
    "withdrawInvitation",
    "readStatus",
    "readBackupCodes",
    "listAuthenticators",
    "listSessions",
    "endSessions",
}
"""Answered in one way and shape for all three; those about a thing, for one that is not there."""
FULL = {"readStatus", "readBackupCodes", "listAuthenticators", "listSessions"}
"""Of these, whose lists are full where there is something in them."""
ALIKE_WITHOUT = {"beginChallenge", "setupTotp", "beginEnrollment", "generateBackupCodes", "invite"}
"""Alike for whoever has nothing; what somebody has set up makes the difference, as it must."""
TELLING = {
    "createConfig",
    "readConfig",
    "changeConfig",
    "enable",
    "disable",
    "readUser",
    "renameUser",
    "eraseUser",
    "resetUser",
    "unlockUser",
}
"""For operators, who may list everybody."""


def about_somebody(endpoint: Endpoint) -> bool:
    fields: set[str] = set(placeholders(endpoint))
    for model in (endpoint.body, endpoint.query):
        if model is not None and "user_id" in model.model_fields:
            fields |= {"user_id"} if model.model_fields["user_id"].is_required() else set()
    return "user_id" in fields


def shape(value: object) -> object:
    """Return the names and kinds of a JSON value; a list is told by what it is a list of."""
    match value:
        case dict():
            return {name: shape(one) for name, one in value.items()}
        case list():
            return [shape(one) for one in value[:1]]
        case None:
            return None
        case _:
            return type(value).__name__


def outline(reply: Reply) -> tuple[object, ...]:
    """Return all of an answer that would tell people apart."""
    names = sorted(name.lower() for name in reply.headers)
    if reply.slug:
        said = {name: value for name, value in reply.said.items() if name != "request_id"}
        return reply.status, names, said
    return reply.status, names, shape(reply.said) if reply.raw else None


async def answers(desk: Api, endpoint: Endpoint, *people: str) -> list[Reply]:
    return [await sound(endpoint, {"user_id": user}).send(desk) for user in people]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def town(desk: Api) -> Api:
    """Everybody but the unknown person is there."""
    await life(desk, ENROLLED)
    await desk.send("PUT", f"/config/{BARE}", body=b"{}", headers={"Content-Type": JSON})
    return desk


async def test_every_endpoint_about_somebody_is_in_one_group() -> None:
    """The groups show each endpoint that is about one person, once."""
    listed = [*ALL_ALIKE, *ALIKE_WITHOUT, *TELLING]
    assert len(listed) == len({*listed})
    about = {one.name for one in ENDPOINTS if about_somebody(one)}
    assert {*listed} == about | {"endSessions"}


@pytest.mark.threat(58)
@pytest.mark.conforms("ASVS-6.3.8")
@pytest.mark.parametrize("name", sorted(ALL_ALIKE))
async def test_all_are_answered_alike(town: Api, name: str) -> None:
    """THREATS 58: unknown, bare and enrolled people show one status, one shape and one text."""
    unknown, bare, enrolled = await answers(town, named(name), UNKNOWN, BARE, ENROLLED)
    assert outline(bare) == outline(unknown)
    if name not in FULL:
        assert outline(enrolled) == outline(unknown)
    assert enrolled.status == unknown.status


@pytest.mark.threat(58)
@pytest.mark.parametrize("name", sorted(ALIKE_WITHOUT))
async def test_whoever_has_nothing_is_as_unknown(town: Api, name: str) -> None:
    """THREATS 58: people without a factor show the same, whether they were heard of or not."""
    unknown, bare = await answers(town, named(name), UNKNOWN, BARE)
    assert outline(bare) == outline(unknown)
