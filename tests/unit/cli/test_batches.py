"""Rows of a file in batches."""

from dataclasses import replace
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sidecar.api.porting import IMPORT, MAX_IMPORT_BYTES
from sidecar.cli.batches import batches, entry_of
from sidecar.client.desk import Ask
from sidecar.core.model import PublicKey
from sidecar.core.seeds import Portable, Seed
from sidecar.transfer.forms import Form
from sidecar.transfer.rows import BadRow, Read, Row
from tests.unit.flows.moving import KEY, OTHER, SEED


def row(line: int, user_id: str, material: Seed | PublicKey = SEED) -> Row:
    return Row(line, Portable(user_id, "", "", material))


@given(st.lists(st.sampled_from(["a", "b", "c", ""]), max_size=60), st.integers(1, 9))
def test_every_row_is_in_one_batch_and_in_order(users: list[str], size: int) -> None:
    """Whatever the file, the batches show every row once, in order, none of them too long, and
    no person cut who fits into one.
    """
    read: list[Read] = [
        row(at, user) if user else BadRow(at, "odd") for at, user in enumerate(users)
    ]
    found = list(batches(read, size))
    assert [one for batch in found for one in batch.rows] == [
        one for one in read if isinstance(one, Row)
    ]
    assert [one for batch in found for one in batch.bad] == [
        one for one in read if isinstance(one, BadRow)
    ]
    assert all(len(batch.rows) <= size for batch in found)
    for before, after in pairwise(found):
        if before.rows and after.rows:
            last, first = before.rows[-1].portable.user_id, after.rows[0].portable.user_id
            assert last != first or {one.portable.user_id for one in before.rows} == {last}


def test_no_batch_is_too_long_to_be_sent() -> None:
    """The longest rows that a file can hold show batches that fit into one call."""
    long = replace(KEY, credential_id=b"c" * 1023, public_key=b"k" * 1200)
    material: list[Seed | PublicKey] = [long, Seed(b"s" * 640), KEY, SEED]
    read = [row(at, f"{at:3}" + "\N{GRINNING FACE}" * 500, material[at % 4]) for at in range(2000)]
    found = list(batches(read))
    for batch in found:
        entries = [entry_of(one, Form.LINES) for one in batch.rows]
        content = Ask(IMPORT, body={"entries": entries, "dry_run": False}).content
        assert len(content) < MAX_IMPORT_BYTES
        assert len(content) > MAX_IMPORT_BYTES // 8 or batch is found[-1]
    assert [one for batch in found for one in batch.rows] == read


@pytest.mark.parametrize(
    ("form", "realm", "expected"),
    [
        (Form.OTPAUTH, "", ("shop:ada", None)),
        (Form.OTPAUTH, "club", ("shop:ada", "club")),
        (Form.SEALED, "", ("ada", "shop")),
        (Form.SEALED, "club", ("ada", "club")),
    ],
)
def test_a_sealed_file_says_the_realm(
    form: Form, realm: str, expected: tuple[str, str | None]
) -> None:
    """Our own file shows realm and subject apart; other files as they are written."""
    entry = entry_of(row(1, "shop:ada", OTHER), form, realm)
    assert (entry.user_id, entry.realm) == expected
    assert (entry.algorithm, entry.digits, entry.period) == ("SHA256", 8, 60)
