"""The arithmetic of the chain, and how a name leaves it without breaking it."""

from dataclasses import replace
from types import SimpleNamespace
from typing import cast

import pytest

from sidecar.core.directory import ERASED
from sidecar.core.model import Event, Person
from sidecar.storage.links import CHANGED, EXCHANGED, NOT_ERASED, NOT_OURS, AnyRow, Links, event_of
from sidecar.storage.vault import KeyRing, RootKey, Vault, canonical, digest
from tests.conformance.stores import ADA, K1, RING, TWIN, event

INSTANCE = "instance"
LINKS = Links(Vault(RING, INSTANCE))
FIRST = LINKS.genesis()
NOBODY: frozenset[str] = frozenset()
NAME = LINKS.pseudonym(ADA)
GONE = frozenset({NAME})
K2 = RootKey("k2", bytes(range(32, 64)))
ROTATED = Links(Vault(KeyRing((K2, replace(K1, active=False))), INSTANCE))
"""The same installation after its key was exchanged."""


def kept(columns: dict[str, object], **changes: object) -> AnyRow:
    """Return a row as the database does."""
    return cast("AnyRow", SimpleNamespace(**(columns | changes)))


def old(about: Event, previous: str = FIRST) -> dict[str, object]:
    """Return a row as it was written before there were pseudonyms."""
    person = about.person
    named = None if person is None else [person.realm, person.subject]
    said = [
        f"{about.at.timestamp():.6f}",
        *(about.name, named, about.actor, about.request_id, dict(about.details)),
    ]
    link = digest(bytes.fromhex(previous), canonical(said))
    mac = RING.vouch("audit", bytes.fromhex(link))
    return {**LINKS.row(previous, about), "hash": link, "mac": mac, "pseudonym": None}


@pytest.mark.parametrize("person", [ADA, None])
@pytest.mark.parametrize("write", [LINKS.row, lambda previous, about: old(about, previous)])
def test_a_row_fits_where_it_was_written(write: object, person: Person | None) -> None:
    """A row of today and one of before show that they fit, with any key that wrote them."""
    assert callable(write)
    row = kept(write(FIRST, event(person=person)))
    assert event_of(row) == event(person=person)
    for links in (LINKS, ROTATED):
        assert links.fault(FIRST, row, NOBODY) == ""
    assert LINKS.fault(row.hash, row, NOBODY) == CHANGED


def test_a_row_never_holds_the_name_in_its_hash() -> None:
    """A row's hash shows to follow from the pseudonym: another name with it gives the same."""
    row = LINKS.row(FIRST, event())
    words = [f"{event().at.timestamp():.6f}", event().name, row["pseudonym"], "self", "req-1"]
    assert row["hash"] == digest(bytes.fromhex(FIRST), canonical([*words, dict(event().details)]))


@pytest.mark.parametrize(
    ("changes", "fault"),
    [
        ({"subject": "bob"}, EXCHANGED),
        ({"realm": "other"}, EXCHANGED),
        ({"realm": None}, EXCHANGED),
        ({"realm": ERASED, "subject": NAME}, EXCHANGED),
        ({"pseudonym": LINKS.pseudonym(TWIN)}, CHANGED),
        ({"pseudonym": None, "subject": "bob"}, CHANGED),
        ({"pseudonym": None, "realm": None}, CHANGED),
        ({"pseudonym": None, "realm": ERASED, "subject": NAME}, CHANGED),
        ({"name": "x"}, CHANGED),
        ({"details": "[1]"}, CHANGED),
        ({"details": "{"}, CHANGED),
        ({"hash": "x"}, CHANGED),
        ({"mac": "v1:k1:00"}, NOT_OURS),
    ],
)
def test_a_changed_row_does_not_fit(changes: dict[str, object], fault: str) -> None:
    """A row with any word exchanged shows what is wrong, even where somebody was erased."""
    assert LINKS.fault(FIRST, kept(LINKS.row(FIRST, event()), **changes), GONE) == fault


def test_a_lost_pseudonym_is_found_again() -> None:
    """A row whose pseudonym was lost shows that it fits by the name, as one of before does."""
    row = kept(LINKS.row(FIRST, event()), pseudonym=None)
    for links in (LINKS, ROTATED):
        assert links.fault(FIRST, row, NOBODY) == ""


@pytest.mark.parametrize("made", [LINKS.row(FIRST, event()), old(event())])
def test_a_name_leaves_a_row_that_still_fits(made: dict[str, object]) -> None:
    """Without its person a row shows that it fits, for erased people only, under any key."""
    row = kept(made | LINKS.erased(FIRST, kept(made), NAME))
    assert (row.realm, row.subject, row.hash) == (ERASED, NAME, made["hash"])
    for links in (LINKS, ROTATED):
        assert links.fault(FIRST, row, GONE) == ""
        assert links.fault(FIRST, row, NOBODY) == NOT_ERASED
    assert "ada" not in str(row)


@pytest.mark.parametrize("made", [LINKS.row(FIRST, event()), old(event())])
@pytest.mark.parametrize(
    "changes",
    [
        {"subject": LINKS.pseudonym(TWIN)},
        {"name": "x"},
        {"actor": "operator:eve"},
        {"details": "{}"},
        {"hash": FIRST},
        {"mac": "v1:k1:00"},
    ],
)
def test_an_erased_row_is_as_safe_as_any(
    made: dict[str, object], changes: dict[str, object]
) -> None:
    """A row without its person shows every change, and whether one before it was removed."""
    whole = made | LINKS.erased(FIRST, kept(made), NAME)
    assert LINKS.fault(FIRST, kept(whole, **changes), GONE | {LINKS.pseudonym(TWIN)})
    assert LINKS.fault(digest(b"another"), kept(whole), GONE) == CHANGED


def test_a_name_under_another_key_is_one_pseudonym() -> None:
    """A row of before a rotation shows the pseudonym of after it, once its person is erased."""
    made, name = LINKS.row(FIRST, event()), ROTATED.pseudonym(ADA)
    assert name != NAME
    row = kept(made | ROTATED.erased(FIRST, kept(made), name))
    assert (row.subject, row.pseudonym) == (name, NAME)
    assert ROTATED.fault(FIRST, row, frozenset({name})) == ""


@pytest.mark.parametrize("made", [LINKS.row(FIRST, event()), old(event())])
def test_erasing_makes_nothing_whole(made: dict[str, object]) -> None:
    """A row that was tampered with shows that it was after its person is erased, too."""
    forged = made | {"name": "act.forged"}
    row = kept(forged | LINKS.erased(FIRST, kept(forged), NAME))
    assert (row.realm, row.subject) == (ERASED, NAME)
    assert LINKS.fault(FIRST, row, GONE) == CHANGED


def test_pseudonyms_are_of_whole_people() -> None:
    """Realm and subject that only look alike run together show different pseudonyms."""
    assert LINKS.pseudonym(Person("a", "bc")) != LINKS.pseudonym(Person("ab", "c"))
