"""Twin of sidecar/proxy/recall.py: whose session a request is in, and when its proofs end."""

from dataclasses import replace

import pytest

from sidecar.core.model import Identity, Proof
from sidecar.flows.visit import Visit
from sidecar.proxy.arrival import Arrival
from sidecar.proxy.recall import forget_login, recall
from tests.unit.flows.scene import ADA, GRACE, Scene, quick_folder, scene
from tests.unit.proxy.requests import arrival

ME = Identity(ADA, "app", login="l1")


async def proven(here: Scene) -> str:
    """Return the token of a session of ada that holds a proof."""
    sessions, clock = here.flows.sessions, here.flows.kit.clock
    entered = await sessions.open(Visit(ME, None, "r1"))
    proof = Proof("totp", "a1", ("otp",), clock())  # type: ignore[arg-type]
    async with here.flows.kit.store.begin() as tx:
        raised = await sessions.elevate(tx, Visit(ME, entered.session, "r2"), proof, clock())
    return raised.token


def coming(token: str, *fields: str) -> Arrival:
    return arrival(f"Cookie: a=1; __Host-sidecar={token}", *fields)


async def proofs(here: Scene, token: str) -> int:
    session = await recall(here.flows.sessions, coming(token), ME)
    return len(session.proofs) if session else -1


@pytest.mark.parametrize(
    ("identity", "site", "kept"),
    [
        (ME, "same-origin", True),
        (ME, "cross-site", True),
        (None, "same-origin", False),
        (None, "none", False),
        (None, "", False),
        (None, "cross-site", True),
        (None, "same-site", True),
        (Identity(GRACE, "app", login="l1"), "same-origin", False),
        (Identity(GRACE, "app", login="l1"), "cross-site", True),
        (replace(ME, login="l2"), "same-origin", False),
        (replace(ME, login="l2"), "cross-site", True),
    ],
)
async def test_one_login(identity: Identity | None, site: str, kept: bool) -> None:
    """Another person, nobody or another login shows that proofs end; other sites cannot do that."""
    with quick_folder() as folder:
        async with scene(folder) as here:
            token = await proven(here)
            fields = [f"Sec-Fetch-Site: {site}"] if site else []
            session = await recall(here.flows.sessions, coming(token, *fields), identity)
            assert (session is not None) is (identity == ME)
            assert await proofs(here, token) == (1 if kept else 0)


async def test_no_session() -> None:
    """No cookie, and one that is none of ours, show no session and ask no store."""
    with quick_folder() as folder:
        async with scene(folder) as here:
            assert await recall(here.flows.sessions, arrival(), ME) is None
            assert await recall(here.flows.sessions, coming("x"), ME) is None
            await forget_login(here.flows.sessions, arrival())


async def test_signed_out() -> None:
    """Signing out of the application shows that the proofs of this browser's session are gone."""
    with quick_folder() as folder:
        async with scene(folder) as here:
            token = await proven(here)
            await forget_login(here.flows.sessions, coming(token))
            assert await proofs(here, token) == 0
            await forget_login(here.flows.sessions, coming(token))
            assert await proofs(here, token) == 0
