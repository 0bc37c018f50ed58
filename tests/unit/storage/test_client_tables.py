"""The tables of the management API hold together."""

from sidecar.storage.client_tables import api_tokens, idempotency_keys, recovery_approvals
from sidecar.storage.columns import Text


def test_one_token_has_one_hash() -> None:
    """A hash that is there already shows as taken: nobody is two clients."""
    assert api_tokens.c.hash.unique


def test_a_key_is_its_clients_own() -> None:
    """Client and key together show what names a kept answer; it has room for any answer."""
    assert [column.name for column in idempotency_keys.primary_key] == ["client", "key"]
    assert isinstance(idempotency_keys.c.answer.type, Text)


def test_nobody_decides_without_a_request() -> None:
    """A decision shows that it goes with its request."""
    (reference,) = recovery_approvals.foreign_keys
    assert (reference.column.table.name, reference.ondelete) == ("recovery_requests", "CASCADE")
