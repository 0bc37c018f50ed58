"""Twin of sidecar/storage/inspection/seals.py; what is found is shown in test_inspect."""

from sidecar.storage.client_tables import api_tokens
from sidecar.storage.inspection.seals import SEALED
from sidecar.storage.resealing import TABLES

ELSEWHERE = {"instance", "key_canaries"}
"""Proven whenever a store is opened."""


def test_whatever_can_be_resealed_is_looked_at() -> None:
    """Each table that names the key of what it holds shows up among those that are looked at."""
    assert {table.name for table, _ in SEALED} == {*TABLES}


def test_columns_named_as_sealed_are_looked_at() -> None:
    """Each column called `sealed` shows up, but for those that every start proves."""
    metadata = api_tokens.metadata
    named = {table.name for table in metadata.sorted_tables if "sealed" in table.c}
    assert named - ELSEWHERE == {table.name for table, columns in SEALED if "sealed" in columns}
