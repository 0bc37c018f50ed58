"""What is declared holds together."""

from sqlalchemy import UniqueConstraint

from sidecar.storage import client_tables, tables
from sidecar.storage.columns import Text

metadata = tables.accounts.metadata


def test_all_tables_are_one_schema() -> None:
    """The tables of the management API show up beside the others."""
    assert client_tables.api_tokens.metadata is metadata


def test_whose_a_row_is_is_two_columns() -> None:
    """Every table with a subject shows a realm beside it (ASVS 6.8.1)."""
    for table in metadata.sorted_tables:
        assert ("subject" in table.c) == ("realm" in table.c)


def test_names_of_people_are_found_by_an_index() -> None:
    """Every table that many rows of one person stand in shows an index that begins with them."""
    for table in metadata.sorted_tables:
        if "subject" in table.c and table.name not in {"two_factor_configs", "revocations"}:
            indexed = {tuple(index.columns.keys())[:2] for index in table.indexes}
            rules = [rule for rule in table.constraints if isinstance(rule, UniqueConstraint)]
            unique = {tuple(rule.columns.keys())[:2] for rule in rules}
            assert ("realm", "subject") in indexed | unique, table.name


def test_what_is_sealed_has_room() -> None:
    """Columns that hold sealed values show no limit of length."""
    for table, column in (
        ("authenticators", "material"),
        ("two_factor_challenges", "state"),
        ("outbox", "message"),
        ("notification_addresses", "address"),
        ("idempotency_keys", "answer"),
    ):
        kind = metadata.tables[table].c[column].type
        assert isinstance(kind, Text)
        assert getattr(kind, "length", None) is None
