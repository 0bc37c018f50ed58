"""People move in and out over the API."""

import json
from collections import Counter
from collections.abc import Callable
from typing import Final

from sidecar.api import porting as api
from sidecar.api.words import ApiModel, moment_of
from sidecar.core.api_errors import InputFault, InputInvalid
from sidecar.core.model import Person
from sidecar.core.seeds import Portable
from sidecar.flows.exporting import Exports, Page, Place
from sidecar.flows.importing import Entry, Imports, Outcome, Unread
from sidecar.transfer.carried import from_base64, to_base64, unpacked
from sidecar.transfer.keys import Pair, recipient
from sidecar.transfer.lines import object_of
from sidecar.transfer.otpauth import seed_and_account
from sidecar.transfer.rows import Unfit, name_of, secret_of, seed_of
from sidecar.web.management.call import Answer, Call, Handlers
from sidecar.web.management.cursors import pack, unpack

_KINDS: Final = ("otpauth", "secret", "public_key")
MAX_COUNT_DIGITS: Final = 12
_WITH_SECRET: Final = ("algorithm", "digits", "period")


class PortingCalls:
    """Calls by which people move; the flows are made when one is needed."""

    def __init__(self, imports: Callable[[], Imports], exports: Callable[[], Exports]) -> None:
        self._imports = imports
        self._exports = exports

    def handlers(self) -> Handlers:
        """Return what answers each endpoint."""
        return {api.IMPORT.name: self.take, api.EXPORT.name: self.give}

    async def take(self, call: Call) -> Answer:
        sent = call.sent(api.UsersImport)
        batch = [_read(entry) for entry in sent.entries]
        outcomes = await self._imports().take(batch, call.actor, dry=sent.dry_run)
        count = Counter(outcome.status.value for outcome in outcomes)
        results = tuple(
            _told(at, entry, outcome)
            for at, (entry, outcome) in enumerate(zip(sent.entries, outcomes, strict=True))
        )
        return Answer(
            api.UsersImported(
                added=count["added"],
                unchanged=count["unchanged"],
                refused=count["refused"],
                results=results,
            )
        )

    async def give(self, call: Call) -> Answer:
        sent = call.sent(api.UsersExport)
        page = await self._exports().page(
            _recipient(sent.recipient),
            call.actor,
            limit=sent.limit,
            place=None if sent.cursor is None else _place(sent.cursor),
        )
        return Answer(api.UsersExported(lines=page.lines, left=page.left, next=_cursor(page)))


def _read(entry: api.MovedEntry) -> Entry | Unread:
    """Return what an entry says; what it is about stays out of the reason."""
    kinds = [kind for kind in _KINDS if getattr(entry, kind) is not None]
    if len(kinds) != 1:
        return Unread(f"an entry has one of {', '.join(_KINDS)}: give exactly one")
    if kinds != ["secret"] and any(getattr(entry, name) is not None for name in _WITH_SECRET):
        return Unread(f"{', '.join(_WITH_SECRET)} go with a secret alone: leave them out")
    try:
        return Entry(_portable(entry), entry.realm or "")
    except Unfit as unfit:
        return Unread(str(unfit))


def _portable(entry: api.MovedEntry) -> Portable:
    """Return the authenticator, read as the line of a file is.

    Raises:
        Unfit: it cannot be taken.

    """
    if entry.public_key is not None:
        material = unpacked(_as_sealed(entry.public_key, entry.factor or "")).material
    elif entry.otpauth is not None:
        material, _ = seed_and_account(entry.otpauth)
    else:
        secret = secret_of(entry.secret or "")
        algorithm, digits = entry.algorithm or "SHA1", entry.digits or 6
        material = seed_of(secret, algorithm, digits, entry.period or 30)
    created = None if entry.created_at is None else moment_of(entry.created_at)
    name = name_of(entry.name or "")
    return Portable(entry.user_id, entry.factor or "", name, material, created)


def _as_sealed(key: api.MovedKey, factor: str) -> bytes:
    """Return the key as a sealed line would hold it, so that it is read the same.

    Raises:
        Unfit: what it said of itself is no object.

    """
    said = {**_plain(key), "state": object_of(key.state)}
    whole = {"user_id": "anybody", "factor": factor, "name": "", "public_key": said}
    return json.dumps(whole).encode()


def _plain(model: ApiModel) -> dict[str, object]:
    return model.model_dump(mode="json", exclude_none=True)


def _told(at: int, entry: api.MovedEntry, outcome: Outcome) -> api.Moved:
    return api.Moved(
        index=at,
        pointer=f"/entries/{at}",
        user_id=entry.user_id,
        status=outcome.status.value,
        reason=outcome.reason or None,
    )


def _recipient(sent: api.Recipient) -> Pair:
    try:
        return recipient(_plain(sent))
    except Unfit as unfit:
        raise InputInvalid(InputFault(str(unfit), "/recipient")) from unfit


def _cursor(page: Page) -> str | None:
    if page.next is None:
        return None
    # In base64: a cursor is refused that holds what cannot be seen, and a subject may.
    after = page.next.after
    return pack(str(page.next.count), *(to_base64(part.encode()) for part in _parts(after)))


def _parts(person: Person) -> tuple[str, str]:
    return person.realm, person.subject


def _place(cursor: str) -> Place:
    """Return where a run goes on.

    Raises:
        InputInvalid: no page ended so.

    """
    try:
        count, *parts = unpack(cursor, str, 3)
        realm, subject = (_text(part) for part in parts)
        return Place(Person(realm, subject), _number(count))
    except (InputInvalid, ValueError) as odd:
        detail = "is no `next` of an export; leave it out for the first page"
        raise InputInvalid(InputFault(detail, "/cursor")) from odd


def _text(part: str) -> str:
    """Return a part of a name.

    Raises:
        ValueError: no name has it.

    """
    text = from_base64(part).decode()
    if "\0" in text:  # which no database takes
        raise ValueError("no name has it")
    return text


def _number(text: str) -> int:
    """Return how many lines there were.

    Raises:
        ValueError: nobody counted so.

    """
    if not (text.isascii() and text.isdigit() and len(text) <= MAX_COUNT_DIGITS):
        raise ValueError("no count is written so")
    return int(text)
