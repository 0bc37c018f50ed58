"""The tables of many replicas hold together."""

from sidecar.storage.replica_tables import leases, purpose_keys, replicas


def test_one_chore_has_one_row() -> None:
    """A chore's name shows whose it is: nobody else can have a row of it."""
    assert [column.name for column in leases.primary_key] == ["name"]


def test_a_purpose_has_one_key_for_each_root_key() -> None:
    """Purpose and root key show which key it is, a process' id which process."""
    assert [column.name for column in purpose_keys.primary_key] == ["purpose", "key_id"]
    assert [column.name for column in replicas.primary_key] == ["id"]
