"""What a token says of itself."""

from datetime import UTC, datetime, timedelta

import pytest

from sidecar.core.clients import ApiClient, ApiToken, ClientId, Scope

NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)
SHOP = ApiClient(ClientId("t1"), "shop", frozenset({Scope.STATUS_READ}))


def token(*networks: str, revoked_at: datetime | None = None) -> ApiToken:
    soon = NOW + timedelta(days=1)
    return ApiToken(SHOP, networks, "operator:root", NOW, soon, revoked_at=revoked_at)


def test_a_token_lives_until_it_expires_or_is_revoked() -> None:
    """The moment of expiry, and a revocation at any time, show a token that opens nothing."""
    assert token().live(NOW)
    assert token().live(token().expires_at - timedelta(microseconds=1))
    assert not token().live(token().expires_at)
    assert not token(revoked_at=NOW).live(NOW)


@pytest.mark.parametrize(
    ("networks", "address", "admitted"),
    [
        ((), "203.0.113.9", True),
        ((), "unknown", True),
        (("10.0.0.0/8",), "10.255.0.1", True),
        (("10.0.0.0/8",), "11.0.0.1", False),
        (("10.0.0.0/8", "2001:db8::/32"), "2001:db8::1", True),
        (("10.0.0.0/8",), "2001:db8::1", False),
        (("10.0.0.0/8",), "::ffff:10.0.0.1", True),
        (("10.0.0.0/8",), "::ffff:11.0.0.1", False),
        (("fe80::/10",), "fe80::1%eth0", True),
        (("10.0.0.0/8",), "", False),
        (("10.0.0.0/8",), "unknown", False),
        (("0.0.0.0/0",), "10.0.0.1.example", False),
    ],
)
def test_a_token_is_for_its_networks(
    networks: tuple[str, ...], address: str, *, admitted: bool
) -> None:
    """Where networks are named, an address outside them, or none at all, shows no way in."""
    assert token(*networks).admits(address) is admitted


def test_the_trail_names_a_client() -> None:
    """An actor shows that it is a program, and which."""
    assert SHOP.actor == "api:shop"
