"""Sessions in Redis, beside what every store keeps of them: it may lose them, and revive none."""

from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import pytest

from sidecar.core.errors import ChallengeGone, StoreUnavailable
from sidecar.core.model import Person, SessionId
from sidecar.storage.redis.cupboard import READ_OUT
from sidecar.storage.redis.line import RedisDown
from sidecar.storage.sql import SqlTransaction, open_store
from tests import redis
from tests.conformance.stores import (
    ADA,
    NOW,
    RING,
    Travel,
    proof,
    session,
    sqlite_file,
    token,
    url_of,
)
from tests.unit.storage.redis.keeping import Keeping, keeping

S1 = SessionId("s1")
OLD, NEW, NEXT = token("old"), token("new"), token("next")
Act = Callable[[SqlTransaction], Awaitable[object]]


@pytest.fixture
async def kept(tmp_path: Path, redis_server: redis.Redis) -> AsyncIterator[Keeping]:
    async with keeping(sqlite_file(tmp_path), redis_server.part(timeout="5s")) as made:
        yield made


async def proven(kept: Keeping) -> None:
    """A session was proven; its token is `NEW`."""
    async with kept.store.begin(ADA) as tx:
        await tx.sessions.add(session(), OLD)
    async with kept.store.begin(ADA) as tx:
        await tx.sessions.elevate(S1, proof(), NEW, login="login-1", now=NOW)


async def shown(kept: Keeping, name: str = NEW) -> tuple[object, ...] | None:
    """Return the proofs that a token shows; None where it shows no session."""
    async with kept.store.read() as tx:
        found = await tx.sessions.get(token(name), kept.clock())
    return None if found is None else found.proofs


ENDINGS: dict[str, Act] = {
    "ended": lambda tx: tx.sessions.end(ADA, S1),
    "ended everywhere": lambda tx: tx.sessions.end(ADA, None),
    "ended for everybody": lambda tx: tx.sessions.end_everybody(NOW),
    "another epoch": lambda tx: tx.accounts.bump_epoch(ADA),
    "renamed": lambda tx: tx.directory.rename(ADA, Person("app", "eve"), NOW),
    "erased": lambda tx: tx.directory.erase(ADA, NOW),
}


@pytest.mark.conforms("ASVS-7.4.1")
@pytest.mark.parametrize("why", ENDINGS)
async def test_an_old_snapshot_revives_nothing(kept: Keeping, why: str) -> None:
    """All that lay in Redis, put back after a session was over, shows none."""
    await proven(kept)
    async with kept.store.begin(ADA) as tx:
        await tx.accounts.ensure(ADA, NOW)
    before = await kept.snapshot()
    assert await shown(kept) == (proof(),)
    async with kept.store.begin() as tx:
        await ENDINGS[why](tx)
    await kept.put_back(before)
    assert await shown(kept) is None
    assert await shown(kept, OLD) is None
    async with kept.store.begin(ADA) as tx:
        assert await tx.sessions.of(ADA, NOW) == ()
        with pytest.raises(ChallengeGone):
            await tx.sessions.elevate(S1, proof(), NEXT, login="login-1", now=NOW)


async def test_dropped_proofs_stay_dropped(kept: Keeping) -> None:
    """A snapshot of before the proofs were dropped shows the session without them."""
    await proven(kept)
    before = await kept.snapshot()
    async with kept.store.begin(ADA) as tx:
        await tx.sessions.drop_proofs(S1)
    await kept.put_back(before)
    assert await shown(kept) == ()
    assert await shown(kept, OLD) is None


async def test_a_session_outlives_its_proofs(kept: Keeping) -> None:
    """A session whose proofs were dropped shows everything of it kept as long as before: its
    browser signs in and proves again in it.
    """
    await proven(kept)
    async with kept.store.begin(ADA) as tx:
        await tx.sessions.drop_proofs(S1)
    async with kept.store.read() as tx:
        (goes_on,) = await tx.sessions.of(ADA, NOW)
    left = {key: await kept.redis.ask("PTTL", key) for key in await kept.keys()}
    lasting = [key for key, life in left.items() if isinstance(life, int) and life > 60_000]
    assert goes_on.expires_at - NOW > READ_OUT
    assert f"{kept.redis.prefix}:token:{NEW}" in lasting
    assert len(lasting) == 2


async def test_an_old_token_is_not_revived(kept: Keeping) -> None:
    """A snapshot of before an elevation shows the token of then for its grace only."""
    await proven(kept)
    before = await kept.snapshot()
    async with kept.store.begin(ADA) as tx:
        await tx.sessions.elevate(S1, proof("a2"), NEXT, login="login-1", now=NOW)
    await kept.put_back(before)
    assert await shown(kept, OLD) is None
    assert await shown(kept, NEW) == (proof(),)
    kept.clock.forward(seconds=30)
    assert await shown(kept, NEW) is None
    assert await shown(kept, NEXT) == (proof(), proof("a2"))


async def test_a_transaction_that_fails_proves_nothing(kept: Keeping) -> None:
    """An elevation that was not committed shows no proof and no token, and leaves the old one."""
    async with kept.store.begin(ADA) as tx:
        await tx.sessions.add(session(), OLD)
    with pytest.raises(ZeroDivisionError):
        await fail_after_proving(kept)
    assert [key for key in await kept.keys() if NEW in key] != []
    assert await shown(kept) is None
    assert await shown(kept, OLD) == ()


async def fail_after_proving(kept: Keeping) -> None:
    async with kept.store.begin(ADA) as tx:
        await tx.sessions.elevate(S1, proof(), NEW, login="login-1", now=NOW)
        raise ZeroDivisionError


async def test_contents_open_in_their_place_only(kept: Keeping) -> None:
    """Contents of one session under the key of another show neither; hints that lie show none."""
    await proven(kept)
    async with kept.store.begin(ADA) as tx:
        await tx.sessions.add(session("s2", person=Person("app", "eve")), NEXT)
    lying = await kept.snapshot()
    (mine,) = [key for key in lying if ":session:s2:" in key]
    theirs = [value for key, value in lying.items() if ":session:s1:" in key]
    for value in (*theirs, b"v1:k1:made-up", b"\xff"):
        await kept.put_back({mine: value})
        assert await shown(kept, NEXT) is None
    await kept.put_back(lying)
    assert await shown(kept, NEXT) == ()
    await kept.put_back({f"{kept.redis.prefix}:token:{NEXT}": b"s1"})
    assert await shown(kept, NEXT) is None
    await kept.put_back({f"{kept.redis.prefix}:token:{NEXT}": b"x" * 100})
    assert await shown(kept, NEXT) is None


async def test_nobody_can_be_read_off(kept: Keeping) -> None:
    """Neither keys nor values show whose sessions they are, or what was proven."""
    await proven(kept)
    lying = str(await kept.snapshot())
    assert not [word for word in ("ada", "Browser", "192.0.2", "otp", "login-1") if word in lying]


async def test_who_loses_everything_lets_nobody_in(kept: Keeping) -> None:
    """An emptied Redis shows no session, and that none of them comes back once somebody looked."""
    await proven(kept)
    before = await kept.snapshot()
    await kept.forget()
    assert await shown(kept) is None
    async with kept.store.read() as tx:
        assert await tx.sessions.of(ADA, NOW) == ()
    async with kept.store.begin(ADA) as tx:
        with pytest.raises(ChallengeGone):
            await tx.sessions.elevate(S1, proof(), NEXT, login="login-1", now=NOW)
        assert await tx.sessions.of(ADA, NOW) == ()
    await kept.put_back(before)
    assert await shown(kept) is None


async def test_what_is_lost_is_not_seen(kept: Keeping) -> None:
    """Activity of a session that was lost shows it lost still."""
    await proven(kept)
    await kept.forget()
    async with kept.store.begin(ADA) as tx:
        await tx.sessions.touch(S1, kept.clock.forward(minutes=5))
        await tx.sessions.drop_proofs(S1)
    assert await kept.keys() == []
    assert await shown(kept) is None


async def test_ending_needs_no_redis(tmp_path: Path, redis_server: redis.Redis) -> None:
    """A silent Redis shows no session and no proof, and what is ended meanwhile ended for good."""
    async with keeping(sqlite_file(tmp_path), redis_server.part(timeout="500ms")) as kept:
        await proven(kept)
        async with kept.store.begin(ADA) as tx:
            await tx.sessions.add(session("s2"), NEXT)
        with redis_server.silent():
            with pytest.raises(RedisDown):
                await shown(kept)
            with pytest.raises(StoreUnavailable):
                async with kept.store.begin(ADA) as tx:
                    await tx.sessions.elevate(S1, proof(), NEXT, login="login-1", now=NOW)
            async with kept.store.begin(ADA) as tx:
                assert await tx.sessions.number(ADA, NOW) == 2
                assert await tx.sessions.end(ADA, S1) == (S1,)
                assert await tx.sessions.number(ADA, NOW) == 1
                await tx.sessions.drop_proofs(SessionId("s2"))
        await redis.works(kept.redis)
        assert await shown(kept) is None
        assert await shown(kept, NEXT) is None


async def test_what_was_replaced_goes(kept: Keeping) -> None:
    """After an elevation the contents of before show to go within a minute; ended ones at once."""
    await proven(kept)
    left = {key: await kept.redis.ask("PTTL", key) for key in await kept.keys()}
    soon = [key for key, life in left.items() if isinstance(life, int) and 0 < life <= 60_000]
    assert len(left) == 4
    assert len(soon) == 2
    assert f"{kept.redis.prefix}:token:{OLD}" in soon
    async with kept.store.begin(ADA) as tx:
        await tx.sessions.end(ADA, S1)
    assert [key for key in await kept.keys() if ":session:" in key and key not in soon] == []


async def test_a_cluster_keeps_them_as_well(tmp_path: Path, redis_cluster: redis.Cluster) -> None:
    """Sessions on the nodes of a cluster show themselves, listed and by their tokens."""
    async with keeping(sqlite_file(tmp_path), redis_cluster.part(timeout="5s")) as kept:
        await proven(kept)
        for number in range(9):
            async with kept.store.begin(ADA) as tx:
                await tx.sessions.add(session(f"more{number}"), token(f"more{number}"))
        async with kept.store.read() as tx:
            assert len(await tx.sessions.of(ADA, NOW)) == 10
        assert await shown(kept) == (proof(),)
        assert await shown(kept, "more5") == ()


async def test_another_place_for_sessions_is_a_new_beginning(
    tmp_path: Path, redis_server: redis.Redis
) -> None:
    """Sessions of rows show none where Redis keeps them, and the other way round."""
    file = sqlite_file(tmp_path)
    plain = await open_store(url_of(file), RING, Travel())
    async with plain.begin(ADA) as tx:
        await tx.sessions.enter(session(client="desk"), OLD)
    async with keeping(file, redis_server.part(timeout="5s")) as kept:
        assert await shown(kept, OLD) is None
        async with kept.store.begin(ADA) as tx:
            assert await tx.sessions.of(ADA, NOW) == ()
            assert (await tx.sessions.enter(session(client="desk"), NEW)).proofs == ()
            await tx.sessions.elevate(S1, proof(), NEXT, login="login-1", now=NOW)
    async with plain.begin(ADA) as tx:
        assert await tx.sessions.get(NEXT, NOW) is None
        assert await tx.sessions.of(ADA, NOW) == ()
        assert (await tx.sessions.enter(session(client="desk"), OLD)).proofs == ()
        assert (await tx.sessions.elevate(S1, proof(), NEW, login="", now=NOW)).proofs == (proof(),)
    await plain.close()
