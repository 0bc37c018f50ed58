"""What a row of the audit trail says, how it is chained, and how somebody's name leaves it."""

import json
from dataclasses import replace
from typing import Final

from sqlalchemy import Row

from sidecar.core.directory import ERASED
from sidecar.core.model import Event, Person
from sidecar.storage.columns import key_of, person_values, text_of
from sidecar.storage.vault import Vault, canonical, digest

CHANGED: Final = "the row was changed, or one before it was removed or moved"
NOT_OURS: Final = "the row was not written with a key of ours"
EXCHANGED: Final = "the row's person is not the one that it was written about"
NOT_ERASED: Final = "the row's person was taken out, and the trail does not say that it was erased"

LINK: Final = (
    *("at", "name", "realm", "subject", "actor", "request_id", "details"),
    *("hash", "mac", "pseudonym"),
)
"""The columns that a link has a value for; its number is the database's."""

AnyRow = Row[*tuple[object, ...]]


class Links:
    """The arithmetic of the chain.

    A row is chained by the pseudonym of its person and not by the name, so that the name can be
    taken out of it. Rows from before there were pseudonyms are chained by the name: once their
    person is erased, their hash can be recomputed no more, and a second tag, made when the name
    was taken out, vouches for hash, content and the row before.
    """

    def __init__(self, vault: Vault) -> None:
        self._ring = vault.ring
        self._instance = vault.instance

    def genesis(self) -> str:
        """Return what the first row follows."""
        return digest(b"sidecar/audit/", self._instance.encode())

    def row(self, previous: str, event: Event) -> dict[str, object]:
        """Return the row of an event that follows this hash."""
        event = _kept(event)
        person = event.person
        name = None if person is None else self.pseudonym(person)
        link = _link(previous, event, name)
        return {
            "at": event.at,
            "name": event.name,
            "realm": None if person is None else person.realm,
            "subject": None if person is None else person.subject,
            "actor": event.actor,
            "request_id": event.request_id,
            "details": canonical(dict(event.details)).decode(),
            "hash": link,
            "mac": self._ring.vouch("audit", bytes.fromhex(link)),
            "pseudonym": name,
        }

    def pseudonym(self, person: Person) -> str:
        """Return by what the person is known once the name is gone; only a key makes one."""
        return _spelled(self._ring.keyed("pseudonym", _words(person)))

    def fault(self, previous: str, row: AnyRow, erased: frozenset[str]) -> str:
        """Return why a row does not fit behind this hash; empty where it does."""
        try:
            return self._fault(previous, row, erased)
        except (ValueError, TypeError):  # what is there is not even spelled as we write it
            return CHANGED

    def _fault(self, previous: str, row: AnyRow, erased: frozenset[str]) -> str:
        event = event_of(row)
        gone = self._is_erased(previous, row, event)
        names = self._names(event.person) if row.pseudonym is None else (row.pseudonym,)
        known = not gone or row.pseudonym is not None
        if known and row.hash not in {_link(previous, event, name) for name in names}:
            return CHANGED
        if gone:
            return "" if row.subject in erased else NOT_ERASED
        if not self._ring.vouched("audit", bytes.fromhex(row.hash), row.mac):
            return NOT_OURS
        return "" if row.pseudonym is None or self._fits(event.person, row.pseudonym) else EXCHANGED

    def erased(self, previous: str, row: AnyRow, name: str) -> dict[str, object]:
        """Return the columns of the row without its person.

        A row that does not fit is not vouched for anew, or erasing its person would hide that.
        """
        nobody: dict[str, object] = {**person_values(Person(ERASED, name))}
        if self.fault(previous, row, frozenset()):
            return nobody
        said = _without(previous, row.hash, name, event_of(row))
        return {**nobody, "mac": self._ring.vouch("audit-erased", said)}

    def _is_erased(self, previous: str, row: AnyRow, event: Event) -> bool:
        if row.realm != ERASED:
            return False
        said = _without(previous, row.hash, row.subject, event)
        return self._ring.vouched("audit-erased", said, row.mac)

    def _fits(self, person: Person | None, name: str) -> bool:
        return person is not None and name in self._names(person)

    def _names(self, person: Person | None) -> tuple[str | None, ...]:
        """Return by what a row may be chained that does not say it: the name, or a pseudonym.

        A row that says no pseudonym may have lost it, where the schema was moved down and up.
        """
        if person is None:
            return (None,)
        words, keys = _words(person), self._ring.holders("pseudonym")
        tags = (self._ring.keyed("pseudonym", words, key_id=which) for which in keys)
        return (None, *(_spelled(tag) for tag in tags))


def _kept(event: Event) -> Event:
    """Return the event as its row will tell it, or the chain would not fit what is kept."""
    person = event.person
    texts = (event.actor, event.request_id, *((person.realm, person.subject) if person else ()))
    if all(map(str.isprintable, (event.name, *texts))):
        return event
    return replace(
        event,
        name=key_of(event.name),
        person=person and Person(key_of(person.realm), key_of(person.subject)),
        actor=text_of(event.actor),
        request_id=text_of(event.request_id),
    )


def event_of(row: AnyRow) -> Event:
    """Return the event that a row tells of.

    Raises:
        ValueError: its details are not what was written.

    """
    nobody = row.realm is None or row.subject is None
    return Event(
        at=row.at,
        name=row.name,
        person=None if nobody else Person(row.realm, row.subject),
        actor=row.actor,
        request_id=row.request_id,
        details=json.loads(row.details),
    )


def _link(previous: str, event: Event, name: str | None) -> str:
    return digest(bytes.fromhex(previous), canonical(_said(event, name)))


def _said(event: Event, name: str | None) -> list[object]:
    """Return what a row says: of a pseudonym or, before there were any, of a person by name."""
    person = event.person
    named = None if person is None else [person.realm, person.subject]
    return [
        f"{event.at.timestamp():.6f}",
        event.name,
        name or named,
        event.actor,
        event.request_id,
        dict(event.details),
    ]


def _without(previous: str, link: str, name: str, event: Event) -> bytes:
    """Return what the second tag says: the row, its place, and the pseudonym for the name."""
    return canonical([previous, link, _said(event, name)])


def _spelled(tag: bytes) -> str:
    """Return a pseudonym: half a tag is long enough that no two people ever share one."""
    return tag[:16].hex()


def _words(person: Person) -> bytes:
    return canonical([person.realm, person.subject])
