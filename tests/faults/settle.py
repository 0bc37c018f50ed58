"""What the store holds in the end, beside what people were told meanwhile."""

import json
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Row, Table, select

from sidecar.core.guessing import WINDOWS
from sidecar.core.model import Authenticator, LookupCodes, Person, SharedSecret
from sidecar.core.seeds import base32
from sidecar.storage.sql import SqlTransaction
from sidecar.storage.tables import (
    attempts,
    audit_events,
    authenticators,
    challenges,
    sessions,
)
from tests.faults.ledger import Came, Entry, Ledger
from tests.machine import Machine
from tests.world import REALM

APP, CODES = "totp", "backup_codes"
SELECTOR = 4
"""So many characters of a code say which one it is; the others are its secret."""

AnyRow = Row[Any]


@dataclass(frozen=True)
class Held:
    """Everything in the store that is one person's."""

    user: str
    events: Sequence[AnyRow]
    tries: Sequence[AnyRow]
    asked: Sequence[AnyRow]
    rows: Sequence[AnyRow]
    """Of authenticators, removed ones too."""
    sessions: Sequence[AnyRow]
    usable: Sequence[Authenticator]

    def told(self, name: str, **details: object) -> list[AnyRow]:
        """Return the audit events of a name, with these details."""
        return [
            row
            for row in self.events
            if row.name == name and details.items() <= json.loads(row.details).items()
        ]

    @property
    def verified(self) -> list[AnyRow]:
        """The challenges whose answer was taken, but those of enrollments."""
        return [row for row in self.asked if row.verified and row.purpose != "enroll"]


async def settled(at: Machine, ledger: Ledger) -> Counter[str]:
    """Return what is in a sidecar's store; what does not fit is a fault in the ledger."""
    async with at.store() as store, store.read() as tx:
        return await settle(tx, ledger)


async def settle(tx: SqlTransaction, ledger: Ledger) -> Counter[str]:
    """Return what there is; what does not fit is a fault in the ledger."""
    verdict = await tx.trail.verify()
    if verdict.broken_at is not None:
        ledger.fault(f"the audit trail is broken: {verdict}")
    counts = Counter({"audit rows": verdict.rows})
    people = await _by_person(tx)
    for user, held in people.items():
        entry = ledger.people[user]
        for fault in (*_whole(held), *_kept(held, entry)):
            ledger.fault(f"{user}: {fault}")
        counts["people enrolled"] += bool(held.told("authenticator.added", first=True))
        counts["codes taken"] += len(held.verified)
        counts["tries never settled"] += sum(row.settled_at is None for row in held.tries)
    lost = {user for user, entry in ledger.people.items() if entry.enrolled[Came.DONE]}
    for user in lost - people.keys():
        ledger.fault(f"{user} is not there at all")
    return counts


async def _by_person(tx: SqlTransaction) -> dict[str, Held]:
    events, tries = await _rows(tx, audit_events), await _rows(tx, attempts)
    asked, rows = await _rows(tx, challenges), await _rows(tx, authenticators)
    opened = await _rows(tx, sessions)
    users = {*events, *tries, *asked, *rows, *opened} - {None}
    return {
        user: Held(
            user,
            *(events[user], tries[user], asked[user], rows[user], opened[user]),
            await tx.authenticators.of(Person(REALM, user)),
        )
        for user in users
    }


async def _rows(tx: SqlTransaction, table: Table) -> defaultdict[str, list[AnyRow]]:
    """Return the rows of a table in order, by the person whose they are."""
    found: defaultdict[str, list[AnyRow]] = defaultdict(list)
    for row in await tx.connection.execute(select(table).order_by(*table.primary_key)):
        found[row.subject].append(row)
    return found


# --- the store agrees with itself -----------------------------------------------------------------


def _whole(held: Held) -> Iterator[str]:
    """Yield what is there by half: a change without its record, or a record of no change."""
    answers = Counter(row.id for row in held.verified)
    tries = Counter(row.challenge_id for row in held.tries if row.verified)
    if answers != tries:
        yield f"answers and tries that were taken differ: {answers} {tries}"
    if len(held.told("challenge.verified")) != len(held.verified):
        yield f"{len(held.verified)} answers taken, another number recorded"
    refused = sum(row.settled_at is not None and not row.verified for row in held.tries)
    if len(held.told("challenge.rejected")) != refused:
        yield f"{refused} tries refused, another number recorded"
    for factor in (APP, CODES):
        there = sum(row.factor == factor for row in held.rows)
        if len(held.told("authenticator.added", factor=factor)) != there:
            yield f"{there} of {factor} were added, another number recorded"
    gone = sum(row.factor == APP and row.status == "removed" for row in held.rows)
    if len(held.told("authenticator.removed", factor=APP)) != gone:
        yield f"{gone} apps were removed, another number recorded"
    if len(held.told("authenticator.added", first=True)) > 1:
        yield "two first enrollments"
    yield from _unproven(held)
    yield from _guessed(held)


def _unproven(held: Held) -> Iterator[str]:
    """Yield the proofs in sessions of which the trail knows nothing."""
    recorded = {
        (json.loads(row.details)["factor"], row.at.timestamp())
        for row in (*held.told("challenge.verified"), *held.told("authenticator.added"))
    }
    for session in held.sessions:
        for proof in json.loads(session.proofs):
            factor, at = proof[0], datetime.fromisoformat(proof[3]).timestamp()
            if (factor, at) not in recorded:
                yield f"a proof that nobody gave: {proof}"


def _guessed(held: Held) -> Iterator[str]:
    """Yield where more wrong answers were counted than may be tried."""
    window, most = WINDOWS[0]
    for factor, known in {(row.factor, row.known) for row in held.tries}:
        wrong = [
            row.at
            for row in held.tries
            if not row.verified and (row.factor, row.known) == (factor, known)
        ]
        for last in wrong:
            if sum(last - window < at <= last for at in wrong) > most:
                yield f"more than {most} tries at {factor} within {window}"
                return


# --- the store agrees with what people were told --------------------------------------------------


def _kept(held: Held, entry: Entry) -> Iterator[str]:
    """Yield what was confirmed and is not there, or is there and was refused."""
    if entry.enrolled[Came.DONE] and not held.told("authenticator.added", first=True):
        yield "the confirmed enrollment is lost"
    working = dict(_apps(held.usable))
    for secret, came in entry.secrets.items():
        there = secret in working
        if came is Came.DONE and not there and secret not in (*entry.removed, *entry.doubted):
            yield f"a confirmed app is lost: {secret}"
        if there and (came is Came.REFUSED or secret in entry.removed):
            yield f"an app works that should not: {secret}"
    taken = sum(entry.accepted.values())
    if not taken <= len(held.verified) <= taken + entry.unsure.total():
        yield f"{len(held.verified)} codes taken, but told {entry.accepted} and {entry.unsure}"
    yield from _spent(held, entry, working)
    ended = [row for row in held.events if row.name.startswith("session.ended")]
    if not entry.ended[Came.DONE] <= len(ended) <= entry.ended.total():
        yield f"signed out {len(ended)} times, but told {entry.ended}"
    yield from _renamed(held, entry)


def _apps(usable: Iterable[Authenticator]) -> Iterator[tuple[str, object]]:
    """Yield the key of each app that works, with its last step."""
    for one in usable:
        if one.usable and isinstance(one.material, SharedSecret):
            yield base32(one.material.secret), one.material.state["last_step"]


def _spent(held: Held, entry: Entry, working: dict[str, object]) -> Iterator[str]:
    """Yield codes that were taken and could be taken again, or were used up by nobody."""
    for name in entry.accepted:
        secret, _, step = name.partition(":")
        if step and secret in working and int(str(working[secret])) < int(step):
            yield f"a code of the app was taken and is good again: {name}"
    sets = [one.material for one in held.usable if isinstance(one.material, LookupCodes)]
    if entry.codes and not sets:
        yield "the confirmed codes are lost"
    used = {code.selector for found in sets for code in found.codes if code.used_at is not None}
    for code in entry.codes:
        taken, maybe = entry.accepted[code], entry.unsure[code]
        spent = code[:SELECTOR] in used
        if (taken and not spent) or (spent and not taken and not maybe):
            yield f"the code {code} was taken {taken} times, and is{'' if spent else ' not'} used"
    if len(used) != len([row for row in held.verified if row.factor == CODES]):
        yield f"{len(used)} codes are used, another number was taken"


def _renamed(held: Held, entry: Entry) -> Iterator[str]:
    if not entry.renamed:
        return
    done = sum(came is Came.DONE for _, came in entry.renamed)
    unsure = sum(came is Came.UNSURE for _, came in entry.renamed)
    recorded = len(held.told("authenticator.renamed"))
    if not done <= recorded <= done + unsure:
        yield f"renamed {recorded} times, but told {done} and unsure of {unsure}"
    last = max(at for at, (_, came) in enumerate(entry.renamed) if came is Came.DONE)
    allowed = {name for name, came in entry.renamed[last:] if came is not Came.REFUSED}
    names = {one.name for one in held.usable if one.factor == APP}
    if not names & allowed:
        yield f"called {names}, which is none of {allowed}"
