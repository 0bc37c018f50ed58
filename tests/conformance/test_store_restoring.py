"""What is void after a restore, and what is as before."""

from datetime import timedelta

from sqlalchemy import func, select, update

from sidecar.core.directory import Span
from sidecar.core.feed import EVERYBODY
from sidecar.core.model import Session
from sidecar.restoring import restored
from sidecar.storage.client_tables import idempotency_keys
from sidecar.storage.sql import SqlStore
from sidecar.storage.tables import accounts, challenges, invitations, outbox
from tests.conformance.furnished import found, furnish
from tests.conformance.stores import ADA, NOW, TWIN, Travel, authenticator, session, token

OPERATOR = "operator:root"
ALL = Span()


async def alive(store: SqlStore, name: str) -> Session | None:
    async with store.read() as tx:
        return await tx.sessions.get(token(name), NOW)


async def test_nothing_is_open_that_was(store: SqlStore, clock: Travel) -> None:
    """After a restore no session, browser, challenge, invitation, request or message shows open,
    and what people hold is as it was.
    """
    await furnish(store)
    assert await alive(store, "s1") is not None
    done = await restored(store, clock, OPERATOR, tokens=False)
    assert done == {
        "sessions": 2,
        "browsers": 1,
        "challenges": 2,
        "invitations": 1,
        "recoveries": 1,
        "messages": 2,
        "kept_answers": 1,
    }
    assert await alive(store, "s1") is None
    async with store.read() as tx:
        assert await tx.trusted.of(ADA, NOW) == ()
        begun = select(func.count()).where(challenges.c.consumed_at.is_(None))
        unspent = select(func.count()).where(challenges.c.verified, challenges.c.spent_at.is_(None))
        unused = select(func.count()).where(invitations.c.voided_at.is_(None))
        says = select(func.count()).where(outbox.c.message.is_not(None))
        kept = select(func.count()).select_from(idempotency_keys)
        for none in (begun, unspent, unused, says, kept):
            assert (await tx.connection.execute(none)).scalar_one() == 0
        assert [held.id for held in await tx.authenticators.of(ADA)] == ["a1", "a3"]
        assert await tx.tokens.any_live(NOW)
    assert await found(store) == []


async def test_it_is_told_and_written(store: SqlStore, clock: Travel) -> None:
    """The last row of the feed shows everybody's sessions over, that of the trail by whom."""
    await furnish(store)
    await restored(store, clock, OPERATOR, tokens=False)
    async with store.read() as tx:
        told = (await tx.feed.since(0))[-1]
        assert (told.kind, told.person) == (EVERYBODY, None)
        (last,) = await tx.directory.events(ALL, 1)
    assert (last.event.name, last.event.actor) == ("store.restored", OPERATOR)
    assert last.event.details["sessions"] == 2
    assert (await store.verify_trail()).broken_at is None


async def test_no_session_of_the_lost_time_is_alive(store: SqlStore, clock: Travel) -> None:
    """A session of a later epoch than the store ever knew shows itself over; a second restore does
    so again, and a new session goes on.
    """
    await furnish(store)
    async with store.begin(ADA) as tx:
        await tx.sessions.add(session("lost", epoch=50), token("lost"))
    assert await alive(store, "lost") is not None
    await restored(store, clock, OPERATOR, tokens=False)
    async with store.begin(ADA, TWIN) as tx:
        first = await tx.accounts.get(ADA)
        assert first is not None
        await tx.sessions.add(session("late", epoch=first.epoch), token("late"))
    assert await alive(store, "late") is not None
    async with store.begin(ADA) as tx:
        await tx.connection.execute(update(accounts).values(epoch=3))
    clock.forward(minutes=1)
    await restored(store, clock, OPERATOR, tokens=False)
    async with store.read() as tx:
        second = await tx.accounts.get(ADA)
    assert second is not None
    assert second.epoch > first.epoch > 50


async def test_tokens_are_revoked_where_asked_for(store: SqlStore, clock: Travel) -> None:
    """With the word for it no token of the API shows itself open."""
    await furnish(store)
    done = await restored(store, clock, OPERATOR, tokens=True)
    assert done["api_tokens"] == 1
    async with store.read() as tx:
        assert not await tx.tokens.any_live(NOW + timedelta(seconds=1))
        assert await tx.authenticators.get(ADA, authenticator().id) is not None
