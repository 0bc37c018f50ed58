"""What every store knows over more than one person: pages, counts, and imports."""

import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest

from sidecar.core.directory import Census, Span, Wanted
from sidecar.core.errors import Conflict
from sidecar.core.model import (
    Authenticator,
    AuthenticatorStatus,
    ChallengeId,
    Person,
    PublicKey,
)
from sidecar.core.stores import APART, Store
from tests.conformance.settled import BOB, LATER, settle
from tests.conformance.stores import (
    ADA,
    NOW,
    TWIN,
    Travel,
    authenticator,
    codes,
    event,
    recovery,
    token,
    trusted,
)

KEY = PublicKey(b"credential", b"key", 7, {"transports": ("usb",)})


def _id(held: Authenticator) -> str:
    return held.id


# --- pages ----------------------------------------------------------------------------------------


async def pages(store: Store, wanted: Wanted, limit: int) -> list[Person]:
    found: list[Person] = []
    async with store.read() as tx:
        while page := await tx.directory.page(
            wanted, after=found[-1] if found else None, limit=limit
        ):
            assert len(page) <= limit
            found += [account.person for account in page]
    return found


@pytest.mark.parametrize("limit", [1, 2, 100])
async def test_pages_come_in_byte_order(store: Store, limit: int) -> None:
    """Names of all kinds show up once each, in the order of their bytes, whatever the page."""
    names = ["", "B", "Zoe", "_", "a", "a b", "a%", "ab", "b", "\xe9", "\u0142", "\U0001f600"]
    people = [Person(realm, name) for realm in ("App", "app", "app-2") for name in names]
    async with store.begin() as tx:
        for person in reversed(people):
            await tx.accounts.ensure(person, NOW)
    assert await pages(store, Wanted(), limit) == people
    assert await pages(store, Wanted(realm="app"), limit) == people[12:24]


async def test_pages_show_who_is_wanted(store: Store) -> None:
    """Asking for a state shows exactly the people in it."""
    async with store.begin() as tx:
        await tx.accounts.mark_enrolled(ADA, NOW)
        await tx.accounts.ensure(BOB, NOW)
        await tx.accounts.configure(BOB, enabled=False, required=False, version=None, now=NOW)
        await tx.accounts.ensure(TWIN, NOW)
    assert await pages(store, Wanted(enrolled=True), 10) == [ADA]
    assert await pages(store, Wanted(enrolled=False), 10) == [BOB, TWIN]
    assert await pages(store, Wanted(enabled=False), 10) == [BOB]
    assert await pages(store, Wanted(enabled=True), 10) == [ADA, TWIN]
    assert await pages(store, Wanted(realm="other", enabled=True), 10) == [TWIN]


# --- tries and acts -------------------------------------------------------------------------------


async def test_tries_come_newest_first(store: Store, clock: Travel) -> None:
    """Tries show their outcome, page by page, by person, factor and time."""
    async with store.begin() as tx:
        for number, (person, factor) in enumerate(
            [(ADA, "totp"), (ADA, "sms"), (TWIN, "totp"), (ADA, "totp")]
        ):
            claim = await tx.attempts.claim(
                *(person, factor), known=number == 1, challenge=ChallengeId("c"), now=clock()
            )
            if number:
                await tx.attempts.settle(claim, verified=number == 3, now=clock())
            clock.forward(minutes=1)
    async with store.read() as tx:
        tries = await tx.directory.tries(Span(), 10)
        assert [(found.person, found.factor) for found in tries] == [
            *((ADA, "totp"), (TWIN, "totp"), (ADA, "sms"), (ADA, "totp"))
        ]
        assert [(found.verified, found.known, found.settled) for found in tries] == [
            *((True, False, True), (False, False, True)),
            *((False, True, True), (False, False, False)),
        ]
        assert await tx.directory.tries(Span(), 2) == tries[:2]
        assert await tx.directory.tries(Span(before=tries[1].id), 10) == tries[2:]
        assert await tx.directory.tries(Span(person=TWIN), 10) == tries[1:2]
        assert await tx.directory.tries(Span(name="sms"), 10) == tries[2:3]
        minute = timedelta(minutes=1)
        span = Span(since=NOW + minute, until=NOW + 3 * minute)
        assert await tx.directory.tries(span, 10) == tries[1:3]


async def test_acts_come_newest_first(store: Store) -> None:
    """Acts show their place in the trail, page by page, by person, name and time."""
    acts = [
        event("a.one"),
        event("a.two", None),
        replace(event("a.one", TWIN), at=LATER),
    ]
    async with store.begin() as tx:
        await tx.trail.append(*acts)
        await tx.trail.append()
    async with store.read() as tx:
        found = await tx.directory.events(Span(), 10)
        assert [(act.sequence, act.event) for act in found] == [
            *((3, acts[2]), (2, acts[1]), (1, acts[0]))
        ]
        assert await tx.directory.events(Span(before=3), 1) == found[1:2]
        assert await tx.directory.events(Span(person=ADA), 10) == found[2:]
        assert await tx.directory.events(Span(name="a.one"), 10) == (found[0], found[2])
        assert await tx.directory.events(Span(since=LATER), 10) == found[:1]
        assert await tx.directory.events(Span(until=LATER), 10) == found[1:]


async def test_a_census_counts_everybody(store: Store, clock: Travel) -> None:
    """People, what they hold, recent tries and open requests show up as numbers."""
    async with store.begin() as tx:
        assert await tx.directory.census(NOW) == Census(0, 0, 0)
        await settle(tx, ADA)
        await settle(tx, TWIN)
        await tx.accounts.ensure(BOB, NOW)
        await tx.accounts.configure(BOB, enabled=False, required=False, version=None, now=NOW)
        await tx.authenticators.add(
            authenticator("p", person=BOB, status=AuthenticatorStatus.PENDING)
        )
        now = clock.forward(minutes=1)
        claim = await tx.attempts.claim(
            ADA, "totp", known=True, challenge=ChallengeId("c"), now=now
        )
        await tx.attempts.settle(claim, verified=True, now=now)
    async with store.read() as tx:
        assert await tx.directory.census(NOW) == Census(
            *(3, 2, 1), {"totp": 6}, {"totp": 1}, {"totp": 2}, 2
        )
        assert await tx.directory.census(now) == Census(*(3, 2, 1), {"totp": 6}, {"totp": 1}, {}, 2)
        clock.now = recovery().expires_at
        assert (await tx.directory.census(now)).recoveries == 0


# --- adopting -------------------------------------------------------------------------------------


async def test_many_people_are_adopted_at_once(store: Store) -> None:
    """People by the thousand, some known before, show up enrolled, enabled, with their factors."""
    people = [Person("app", f"p{number}") for number in range(1100)]
    new = [authenticator(f"t-{person.subject}", person=person) for person in people]
    new.append(authenticator("k", KEY, person=people[0], factor="webauthn"))
    new.append(authenticator("l", codes("AAAA"), person=people[0], factor="backup_codes"))
    async with store.begin() as tx:
        await tx.accounts.ensure(people[1], NOW)
        await tx.accounts.configure(people[1], enabled=False, required=True, version=0, now=NOW)
        await tx.trusted.add(trusted(person=people[1]), token("t"))
        await tx.directory.adopt(tuple(new), LATER)
        await tx.directory.adopt((), LATER)
    async with store.read() as tx:
        for person in (people[0], people[1], people[-1]):
            account = await tx.accounts.get(person)
            assert account is not None
            assert (account.enrolled_at, account.enabled) == (LATER, True)
            held = await tx.authenticators.of(person)
            mine = [made for made in new if made.person == person]
            assert sorted(held, key=_id) == sorted(mine, key=_id)
        known = await tx.accounts.get(people[1])
        assert known is not None
        assert (known.required, known.version) == (True, 2)
        assert await tx.trusted.of(people[1], NOW) == ()
        assert (await tx.directory.census(NOW)).enrolled == len(people)


@pytest.mark.parametrize("case", ["enrolled", "holds", "registered"])
async def test_nobody_is_adopted_who_holds_something(store: Store, case: str) -> None:
    """One enrolled person, authenticator or credential that is there shows that none is adopted."""
    async with store.begin() as tx:
        if case == "enrolled":
            await tx.accounts.mark_enrolled(ADA, NOW)
        else:
            who = ADA if case == "holds" else TWIN
            await tx.authenticators.add(authenticator("old", KEY, person=who))
    new = (authenticator("b1", person=BOB), authenticator("a1", KEY))
    with pytest.raises(Conflict):
        async with store.begin() as tx:
            await tx.directory.adopt(new, NOW)
    async with store.read() as tx:
        assert await tx.accounts.get(BOB) is None
        assert await tx.authenticators.of(BOB) == ()


async def test_whoever_was_reset_is_adopted(store: Store) -> None:
    """A person whose old factors were removed and who was reset shows what was adopted only."""
    async with store.begin() as tx:
        await tx.accounts.mark_enrolled(ADA, NOW)
        await tx.authenticators.add(authenticator("old"))
        await tx.authenticators.move(authenticator("old"), "remove", NOW)
        await tx.accounts.reset(ADA)
        await tx.directory.adopt((authenticator("new"),), LATER)
        assert await tx.authenticators.of(ADA) == (authenticator("new"),)


async def test_of_parallel_imports_one_adopts(store: Store) -> None:
    """Ten imports of the same people at once show one whose factors everybody has."""
    people = [Person("app", f"p{number}") for number in range(20)]

    async def adopt(which: int) -> bool:
        new = [authenticator(f"{which}-{each.subject}", person=each) for each in people]
        try:
            async with store.begin(APART) as tx:
                await tx.directory.adopt(tuple(new if which % 2 else reversed(new)), NOW)
        except Conflict:
            return False
        return True

    won = await asyncio.gather(*map(adopt, range(10)))
    assert sum(won) == 1
    async with store.read() as tx:
        for person in people:
            (held,) = await tx.authenticators.of(person)
            assert held.id == f"{won.index(True)}-{person.subject}"
