"""Twenty at once, in several processes: of what exists once, one of them has it (promise 4)."""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable
from datetime import timedelta

import pytest

from sidecar.core.errors import (
    ChallengeGone,
    Conflict,
    SidecarError,
    StaleMaterial,
    TooManyAttempts,
)
from sidecar.core.messages import Contact, Message
from sidecar.core.model import AuthenticatorId, ChallengeId, Person, PublicKey, SessionId
from sidecar.core.outbox import STATED, Posted, PostId
from sidecar.core.stores import APART, Store, Transaction
from sidecar.core.trusted import SeriesId, Turn
from sidecar.storage.challenges import OPEN_PER_SESSION
from sidecar.storage.contacts import MOST_STATED
from sidecar.storage.sql import SqlStore
from tests.conformance.stores import (
    ADA,
    NOW,
    authenticator,
    challenge,
    codes,
    proof,
    session,
    token,
    trusted,
)

AT_ONCE = 20
LATER = NOW + timedelta(days=1)

Work = Callable[[Transaction, int], Awaitable[object]]
Processes = tuple[SqlStore, ...]


async def at_once(processes: Processes, work: Work, *people: Person) -> Counter[object]:
    """Return how often each came of it: what the work returned, or the kind of its refusal."""

    async def one(number: int) -> object:
        store: Store = processes[number % len(processes)]
        try:
            async with store.begin(*(people or (ADA,))) as tx:
                return await work(tx, number)
        except SidecarError as refused:
            return type(refused)

    return Counter(await asyncio.gather(*map(one, range(AT_ONCE))))


async def test_a_challenge_is_consumed_once(processes: Processes) -> None:
    """Twenty right answers to one challenge show one taken."""
    open_ = challenge()
    async with processes[0].begin(ADA) as tx:
        await tx.challenges.add(open_)
    found = await at_once(processes, lambda tx, _: tx.challenges.consume(open_, NOW, verified=True))
    assert found == {None: 1, ChallengeGone: AT_ONCE - 1}


async def test_a_challenge_that_a_page_carried_becomes_one_row(processes: Processes) -> None:
    """Twenty first answers to one carried challenge show one that made it a row."""
    found = await at_once(processes, lambda tx, _: tx.challenges.add(challenge()))
    assert found == {None: 1, ChallengeGone: AT_ONCE - 1}


async def test_a_session_has_no_more_ceremonies_than_it_may(processes: Processes) -> None:
    """Twenty ceremonies begun at once in one session show that the oldest gave way."""
    await at_once(processes, lambda tx, number: tx.challenges.add(challenge(f"c{number}")))
    async with processes[0].read() as tx:
        assert len(await tx.challenges.begun(ADA, SessionId("s1"), "totp", NOW)) == OPEN_PER_SESSION


async def test_a_proof_is_spent_once(processes: Processes) -> None:
    """Twenty actions on two proofs that were given for them show two done."""
    async with processes[0].begin(ADA) as tx:
        for which in ("c1", "c2"):
            await tx.challenges.add(challenge(which))
            await tx.challenges.consume(challenge(which), NOW, verified=True)
    found = await at_once(
        processes,
        lambda tx, _: tx.challenges.spend(ADA, SessionId("s1"), "pay", since=NOW, now=NOW),
    )
    assert found == {True: 2, False: AT_ONCE - 2}


async def test_material_is_replaced_once(processes: Processes) -> None:
    """Twenty replacements of one version, as by one code played twenty times, show one made."""
    async with processes[0].begin(ADA) as tx:
        await tx.authenticators.add(authenticator())
    found = await at_once(
        processes, lambda tx, _: tx.authenticators.replace(authenticator(), None, used_at=NOW)
    )
    assert found == {None: 1, StaleMaterial: AT_ONCE - 1}


async def test_a_spare_code_is_used_once(processes: Processes) -> None:
    """The same code of a set, twenty times at once, shows one used."""
    held = authenticator(material=codes("AAAA", "BBBB"), factor="backup_codes")
    async with processes[0].begin(ADA) as tx:
        await tx.authenticators.add(held)
    less = codes("AAAA", "BBBB", used={"BBBB": NOW})
    found = await at_once(
        processes, lambda tx, _: tx.authenticators.replace(held, less, used_at=NOW)
    )
    assert found == {None: 1, StaleMaterial: AT_ONCE - 1}


async def test_an_authenticator_moves_once(processes: Processes) -> None:
    """Twenty suspensions of one authenticator show one done, and its version one higher."""
    async with processes[0].begin(ADA) as tx:
        await tx.authenticators.add(authenticator())

    async def suspend(tx: Transaction, _: int) -> tuple[str, int]:
        moved = await tx.authenticators.move(authenticator(), "suspend", NOW)
        return moved.status, moved.version

    assert await at_once(processes, suspend) == {("suspended", 2): 1, Conflict: AT_ONCE - 1}


async def test_a_credential_is_one_persons(processes: Processes) -> None:
    """One credential registered by twenty people at once shows one who has it."""

    async def register(store: Store, number: int) -> object:
        who = Person("app", f"person-{number}")
        key = PublicKey(b"the same", b"key", 0, {})
        new = authenticator(f"a{number}", key, person=who, factor="webauthn")
        try:
            async with store.begin(who) as tx:
                await tx.authenticators.add(new)
        except Conflict:
            return Conflict
        return None

    work = [register(processes[at % len(processes)], at) for at in range(AT_ONCE)]
    assert Counter(await asyncio.gather(*work)) == {None: 1, Conflict: AT_ONCE - 1}


async def test_an_invitation_is_redeemed_once(processes: Processes) -> None:
    """One code redeemed twenty times at once shows one who was let in."""
    async with processes[0].begin(ADA) as tx:
        await tx.invitations.add(ADA, token("one"), by="operator:root", expires_at=LATER)
    found = await at_once(processes, lambda tx, _: tx.invitations.redeem(ADA, token("one"), NOW))
    assert found == {True: 1, False: AT_ONCE - 1}


async def test_one_invitation_is_open(processes: Processes) -> None:
    """Twenty invitations made at once show one of them open, and the others void."""

    async def invite(tx: Transaction, number: int) -> None:
        code = token(f"code{number}")
        await tx.invitations.add(ADA, code, by="operator:root", expires_at=LATER)

    await at_once(processes, invite)
    async with processes[0].read() as tx:
        found = [
            await tx.invitations.open(ADA, token(f"code{number}"), NOW) for number in range(AT_ONCE)
        ]
    assert found.count(True) == 1


@pytest.mark.conforms("ASVS-6.3.1")
async def test_tries_count_together(processes: Processes) -> None:
    """THREATS 50: tries at once, in several processes, show five let through."""

    async def claim(tx: Transaction, _: int) -> None:
        await tx.attempts.claim(ADA, "totp", known=False, challenge=ChallengeId("c"), now=NOW)

    assert await at_once(processes, claim) == {None: 5, TooManyAttempts: AT_ONCE - 5}


async def test_a_try_is_settled_once(processes: Processes) -> None:
    """Twenty outcomes of one try show one kept."""
    async with processes[0].begin(ADA) as tx:
        made = await tx.attempts.claim(
            ADA, "totp", known=False, challenge=ChallengeId("c"), now=NOW
        )
    found = await at_once(
        processes, lambda tx, _: tx.attempts.settle(made, verified=True, now=NOW), APART
    )
    assert found == {None: 1, Conflict: AT_ONCE - 1}


@pytest.mark.parametrize("section", ["rows", "redis"], indirect=True)
async def test_a_session_is_raised_one_at_a_time(processes: Processes) -> None:
    """Twenty proofs for one session at once show every one of them in it."""
    async with processes[0].begin(ADA) as tx:
        await tx.sessions.add(session(), token("first"))

    async def raise_it(tx: Transaction, number: int) -> None:
        given, fresh = proof(f"a{number}"), token(f"t{number}")
        await tx.sessions.elevate(SessionId("s1"), given, fresh, login="login-1", now=NOW)

    assert await at_once(processes, raise_it) == {None: AT_ONCE}
    async with processes[0].read() as tx:
        (found,) = await tx.sessions.of(ADA, NOW)
    assert {given.authenticator_id for given in found.proofs} == {
        AuthenticatorId(f"a{number}") for number in range(AT_ONCE)
    }


async def test_nobody_outlives_a_reset(processes: Processes) -> None:
    """Sessions begun while their person is reset show none alive that began before it."""

    async def begin(tx: Transaction, number: int) -> None:
        if number == AT_ONCE // 2:
            await tx.sessions.end(ADA, None)
            await tx.accounts.reset(ADA)
            return
        account = await tx.accounts.ensure(ADA, NOW)
        await tx.sessions.add(session(f"s{number}", epoch=account.epoch), token(f"t{number}"))

    assert await at_once(processes, begin) == {None: AT_ONCE}
    async with processes[0].read() as tx:
        account = await tx.accounts.get(ADA)
        assert account is not None
        assert {one.epoch for one in await tx.sessions.of(ADA, NOW)} <= {account.epoch}


async def test_a_remembered_browser_is_taken_once(processes: Processes) -> None:
    """One token offered twenty times at once shows one rotation, and no theft."""
    async with processes[0].begin(ADA) as tx:
        await tx.trusted.add(trusted(), token("now"))

    async def offer(tx: Transaction, number: int) -> Turn:
        rotation = await tx.trusted.rotate(
            *(ADA, SeriesId("b1"), token("now")), fresh=token(f"next{number}"), now=NOW
        )
        return rotation.turn

    found = await at_once(processes, offer)
    assert found == {Turn.TAKEN: 1, Turn.PARALLEL: AT_ONCE - 1}


def posted(which: str, person: Person = ADA) -> Posted:
    return Posted(
        id=PostId(which),
        person=person,
        message=Message("email", "code", "ada@example.com", {"code": "1"}, transport="mail"),
        account="ada",
        language="en",
        created_at=NOW,
        expires_at=LATER,
    )


async def test_a_message_is_carried_by_one(processes: Processes) -> None:
    """One message claimed twenty times at once shows one who sends it."""
    async with processes[0].begin(ADA) as tx:
        await tx.outbox.add(posted("p1"))

    async def claim(tx: Transaction, _: int) -> bool:
        return await tx.outbox.claim(PostId("p1"), NOW) is not None

    assert await at_once(processes, claim, APART) == {True: 1, False: AT_ONCE - 1}


async def test_addresses_are_bounded(processes: Processes) -> None:
    """Twenty addresses stated at once show as many kept as a person may have."""

    async def state(tx: Transaction, number: int) -> None:
        contact = Contact("email", f"ada{number}@example.com")
        await tx.contacts.record(ADA, contact, origin=STATED, verified=False, now=NOW)

    await at_once(processes, state)
    async with processes[0].read() as tx:
        assert len(await tx.contacts.of(ADA)) == MOST_STATED
