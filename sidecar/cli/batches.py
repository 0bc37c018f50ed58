"""Rows of a file, as the entries of the calls that take them in."""

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final

from sidecar.api.porting import MAX_ENTRIES, MAX_IMPORT_BYTES, MovedEntry, MovedKey
from sidecar.core.model import PublicKey
from sidecar.core.seeds import Seed, base32
from sidecar.transfer.carried import to_base64
from sidecar.transfer.forms import Form
from sidecar.transfer.rows import BadRow, Read, Row

MAX_BYTES: Final = MAX_IMPORT_BYTES * 3 // 4
FRAME_BYTES: Final = 400
"""The names of all fields of an entry, and what is short in it."""


@dataclass(frozen=True, slots=True)
class Batch:
    """Rows for one call, and the lines read meanwhile of which nothing could be made."""

    rows: tuple[Row, ...]
    bad: tuple[BadRow, ...]


def batches(
    found: Iterable[Read], size: int = MAX_ENTRIES, most_bytes: int = MAX_BYTES
) -> Iterator[Batch]:
    """Yield the rows in batches; what stands together of one person stays together, if it can.

    The person has something once the first of it is there, and then nothing more is added.
    """
    rows: list[Row] = []
    bad: list[BadRow] = []
    weight = 0
    for read in found:
        if isinstance(read, BadRow):
            bad.append(read)
            continue
        more = _weight(read)
        while rows and (len(rows) >= size or weight + more > most_bytes):
            kept = _trailing(rows) if rows[-1].portable.user_id == read.portable.user_id else 0
            whole = len(rows) - kept or len(rows)
            yield Batch(tuple(rows[:whole]), tuple(bad))
            rows, bad = rows[whole:], []
            weight = sum(map(_weight, rows))
        rows.append(read)
        weight += more
    if rows or bad:
        yield Batch(tuple(rows), tuple(bad))


def entry_of(row: Row, form: Form, realm: str = "") -> MovedEntry:
    """Return the entry; `realm` goes before what the file says."""
    portable = row.portable
    user_id, material, created = portable.user_id, portable.material, portable.created_at
    if form is Form.SEALED:  # which writes the realm before every name
        said, _, user_id = user_id.partition(":")
        realm = realm or said
    seed = material if isinstance(material, Seed) else None
    return MovedEntry(
        user_id=user_id,
        realm=realm or None,
        secret=base32(seed.secret) if seed else None,
        algorithm=seed.algorithm if seed else None,
        digits=seed.digits if seed else None,
        period=seed.period_s if seed else None,
        public_key=_key(material) if isinstance(material, PublicKey) else None,
        factor=portable.factor or None,
        name=portable.name or None,
        created_at=created.isoformat(timespec="seconds") if created else None,
    )


def _key(key: PublicKey) -> MovedKey:
    return MovedKey(
        credential_id=to_base64(key.credential_id),
        public_key=to_base64(key.public_key),
        sign_count=key.sign_count,
        state=json.dumps(dict(key.state)),
    )


def _trailing(rows: list[Row]) -> int:
    """Return how many rows at the end are of one person."""
    last = rows[-1].portable.user_id
    return next(
        (at for at, row in enumerate(reversed(rows)) if row.portable.user_id != last), len(rows)
    )


def _weight(row: Row) -> int:
    """Return about how long the entry is as JSON, or less than twice as much."""
    portable = row.portable
    texts = len(portable.user_id) + len(portable.factor) + len(portable.name)
    material = portable.material
    if isinstance(material, Seed):
        return FRAME_BYTES + 4 * texts + 2 * len(material.secret)
    held = len(material.credential_id) + len(material.public_key)
    return FRAME_BYTES + 4 * texts + 2 * (held + len(json.dumps(dict(material.state))))
