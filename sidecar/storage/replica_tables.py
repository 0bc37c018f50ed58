"""The tables by which the processes of many replicas behave as one."""

from typing import Final

from sqlalchemy import BigInteger, Column, Table

from sidecar.storage.columns import IDENTIFIER, WORD, Text, Utc, metadata

replicas: Final = Table(
    "replicas",
    metadata,
    Column("id", IDENTIFIER, primary_key=True),
    Column("place", Text, nullable=False),
    Column("version", WORD, nullable=False),
    Column("keys", Text, nullable=False),
    Column("sequence", BigInteger, nullable=False),
    Column("started_at", Utc, nullable=False),
    Column("beat_at", Utc, nullable=False),
)
"""One row for each process: which keys it has, and up to where it has read the feed."""

leases: Final = Table(
    "leases",
    metadata,
    Column("name", WORD, primary_key=True),
    Column("holder", IDENTIFIER, nullable=False),
    Column("until", Utc, nullable=False),
    Column("done_at", Utc),
)
"""Chores that one process at a time does, and when each was last done."""

purpose_keys: Final = Table(
    "purpose_keys",
    metadata,
    Column("purpose", IDENTIFIER, primary_key=True),
    Column("key_id", IDENTIFIER, primary_key=True),
    Column("sealed", Text, nullable=False),
    Column("created_at", Utc, nullable=False),
)
"""Keys of a purpose that outlive the root key they followed from: what they made stays valid."""
