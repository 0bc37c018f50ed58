"""Of many who do what can be done once, one does it: the same call twenty times at once, on both
databases, and the trail proves itself afterwards.
"""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Mapping
from types import MappingProxyType

import pytest
import pytest_asyncio

from sidecar.api.endpoints import named
from tests.api.calling import Api, Reply, api
from tests.api.lives import Life, life
from tests.api.story import RICH, lived
from tests.postgres import Server
from tests.unit.flows.scene import quick_folder

pytestmark = pytest.mark.asyncio(loop_scope="module")

TIMES = 20


@pytest_asyncio.fixture(scope="module", loop_scope="module", params=["file", "postgres"])
async def place(request: pytest.FixtureRequest) -> AsyncIterator[Api]:
    """A sidecar on each database; afterwards its trail is whole."""
    with quick_folder() as folder:
        if request.param == "file":
            async with api(folder, RICH) as opened:
                yield opened
                await proven(opened)
            return
        server: Server = request.getfixturevalue("postgres")
        async with server.changes() as changes, api(folder, {**RICH, **changes}) as opened:
            yield opened
            await proven(opened)


async def proven(desk: Api) -> None:
    """Every row of the trail follows from the one before."""
    async with desk.world.sidecar.store.read() as tx:
        verdict = await tx.trail.verify()
    assert (verdict.broken_at, verdict.reason) == (None, "")
    assert verdict.rows


async def at_once(
    desk: Api,
    name: str,
    body: Mapping[str, object] = MappingProxyType({}),
    *,
    headers: Mapping[str, str] = MappingProxyType({}),
    **at: str,
) -> Counter[int]:
    """Return how often each status came of the same call twenty times at once."""
    endpoint = named(name)
    path = {key: value for key, value in at.items() if f"{{{key}}}" in endpoint.path}
    query = {key: value for key, value in at.items() if key not in path}
    sent = None if endpoint.body is None else body

    async def call() -> Reply:
        return await desk.call(endpoint, sent, path=path, query=query, headers=headers)

    return Counter(reply.status for reply in await asyncio.gather(*(call() for _ in range(TIMES))))


async def test_somebody_is_configured_once(place: Api) -> None:
    """One of twenty shows to configure a newcomer; of twenty who read the same version, one to
    change it.
    """
    assert await at_once(place, "createConfig", {"user_id": "newcomer"}) == {201: 1, 409: 19}
    headers = {"If-Match": '"1"'}
    done = await at_once(
        place, "changeConfig", {"required": True}, headers=headers, user_id="newcomer"
    )
    assert done == {200: 1, 412: 19}


async def test_a_request_for_help_is_decided_once(place: Api) -> None:
    """One of twenty approvals shows an invitation."""
    one = await life(place, "helpless")
    asker, _ = await place.client(name="asker")
    asked = (await one.call("requestRecovery", {"reason": "lost phone"}, token=asker)).said
    done = await at_once(place, "decideRecovery", {"recovery_id": asked["recovery_id"]})
    assert done == {200: 1, 404: 19}


async def test_something_is_removed_once(place: Api) -> None:
    """One of twenty removals shows to have removed it, and one of twenty erasures somebody."""
    one = await life(place, "going")
    done = await at_once(
        place, "removeAuthenticator", user_id=one.user, authenticator_id=one.authenticator
    )
    assert done == {204: 1, 404: 19}
    assert await at_once(place, "eraseUser", user_id=one.user) == {200: 1, 404: 19}


async def test_a_name_is_given_once(place: Api) -> None:
    """Of two who are given one name at once, one shows to have it, with all of theirs."""
    people = [await life(place, user) for user in ("one", "two")]

    async def rename(one: Life) -> int:
        body, path = {"user_id": "three"}, {"user_id": one.user}
        return (await place.call(named("renameUser"), body, path=path)).status

    assert sorted(await asyncio.gather(*map(rename, people))) == [200, 409]
    held = (await place.send("GET", "/authenticators?user_id=three")).said["authenticators"]
    assert {one["id"] for one in held} & {one.authenticator for one in people}
    assert len(held) == 2


async def test_switching_to_and_fro(place: Api) -> None:
    """Twenty who switch somebody off and on at once show no fault, and a state that is one."""
    await life(place, "switched")
    body = {"user_id": "switched"}
    off, on = await asyncio.gather(at_once(place, "disable", body), at_once(place, "enable", body))
    assert off == on == {200: TIMES}
    config = (await place.send("GET", "/config/switched")).said
    status = (await place.send("GET", "/status/switched")).said
    assert config["enabled"] == status["enabled"] == (status["standing"] == "enrolled")


async def test_a_whole_life_is_in_the_trail(place: Api) -> None:
    """A life over every endpoint, erasure included, shows a trail that is whole."""
    await lived(place, lambda call, token: call.send(place, token=token))
    await proven(place)
