"""What Harbour knows: its people, who is signed in, the logbook and the payments."""

import hashlib
import hmac
import json
import os
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from types import MappingProxyType

TOKEN_BYTES = 32
KEPT_ENTRIES = 200
"""The newest so many notes and payments are kept; a demonstration must not fill a disk."""


@dataclass(frozen=True, slots=True)
class Person:
    id: str
    name: str
    email: str
    password: str = field(repr=False)


PEOPLE: Mapping[str, Person] = MappingProxyType(
    {
        person.id: person
        for person in (
            Person("ada", "Ada Lovelace", "ada@harbour.example", "engine-room"),
            Person("grace", "Grace Hopper", "grace@harbour.example", "crows-nest"),
        )
    }
)


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of the logbook or one payment; `amount` is in cents and 0 for a note."""

    person: str
    text: str
    amount: int = 0


@dataclass(slots=True)
class Desk:
    """All state of the application, written to `path` after each change where one is given."""

    path: Path | None = None
    people: Mapping[str, Person] = field(default_factory=lambda: PEOPLE)
    key: str = field(default_factory=lambda: secrets.token_urlsafe(TOKEN_BYTES), repr=False)
    visits: dict[str, str] = field(default_factory=dict, repr=False)
    notes: list[Entry] = field(default_factory=list)
    payments: list[Entry] = field(default_factory=list)

    @classmethod
    def opened(cls, path: Path) -> "Desk":
        """The desk as an earlier run left it, or an empty one."""
        if not path.exists():
            return cls(path)
        kept = json.loads(path.read_text(encoding="utf-8"))
        return cls(
            path,
            key=kept["key"],
            visits=kept["visits"],
            notes=[Entry(**entry) for entry in kept["notes"]],
            payments=[Entry(**entry) for entry in kept["payments"]],
        )

    def csrf(self, token: str) -> str:
        """The value that forms shown under this cookie carry; nothing is stored for it."""
        return hmac.new(self.key.encode(), token.encode(), hashlib.sha256).hexdigest()

    def person(self, token: str) -> Person | None:
        return self.people.get(self.visits.get(token, ""))

    def sign_in(self, name: str, password: str) -> Person | None:
        """The person, if the password is theirs; unknown names cost the same comparison."""
        person = self.people.get(name)
        expected = person.password if person else ""
        right = hmac.compare_digest(expected.encode(), password.encode())
        return person if right else None

    def open_visit(self, token: str, person: Person) -> None:
        self.visits[token] = person.id
        self._save()

    def close_visit(self, token: str) -> None:
        if self.visits.pop(token, None) is not None:
            self._save()

    def note(self, person: Person, text: str) -> Entry:
        return self._add(self.notes, Entry(person.id, text))

    def pay(self, person: Person, payee: str, cents: int) -> Entry:
        return self._add(self.payments, Entry(person.id, payee, cents))

    def of(self, entries: Sequence[Entry], person: Person) -> list[Entry]:
        """This person's own entries, newest first."""
        return [entry for entry in reversed(entries) if entry.person == person.id]

    def _add(self, entries: list[Entry], entry: Entry) -> Entry:
        entries.append(entry)
        del entries[:-KEPT_ENTRIES]
        self._save()
        return entry

    def _save(self) -> None:
        if self.path is None:
            return
        kept = {
            "key": self.key,
            "visits": self.visits,
            "notes": [asdict(entry) for entry in self.notes],
            "payments": [asdict(entry) for entry in self.payments],
        }
        fresh = self.path.with_suffix(".new")
        descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            json.dump(kept, file)
        fresh.replace(self.path)
