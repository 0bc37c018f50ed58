"""Twin of sidecar/proxy/origins.py."""

import pytest

from sidecar.core.errors import CrossSiteRefused, MalformedRequest
from sidecar.proxy.origins import refuse_foreign
from tests.unit.proxy.requests import arrival

LISTED = frozenset({"https://chat.test", "app://x"})


@pytest.mark.parametrize(
    "fields",
    [
        (),
        ("Origin: https://app.test",),
        ("origin: HTTPS://App.Test",),
        ("Origin: https://chat.test",),
        ("Origin: app://x",),
    ],
    ids=["no browser", "own", "case", "listed", "other scheme"],
)
def test_pages_that_may(fields: tuple[str, ...]) -> None:
    """Shows that the own origin, listed ones, and clients that are no browsers may ask."""
    refuse_foreign(arrival(*fields, upgrade=True), LISTED)


@pytest.mark.parametrize(
    "origin",
    [
        "https://evil.test",
        "null",
        "",
        "http://app.test",
        "https://app.test:8443",
        "https://app.test.evil.test",
        "https://evil.test/https://app.test",
        "https://app.test/",
        "https://app.test, https://app.test",
        "https://sub.app.test",
        "app.test",
        "\xff",
    ],
)
def test_pages_that_may_not(origin: str) -> None:
    """THREATS 65: a page of any other origin shows a refusal, but for requests of other kinds."""
    with pytest.raises(CrossSiteRefused):
        refuse_foreign(arrival(f"Origin: {origin}", upgrade=True), LISTED)
    refuse_foreign(arrival(f"Origin: {origin}"), LISTED)


def test_null_may_be_listed() -> None:
    """Shows that `null` is refused for no other reason than that nobody listed it."""
    refuse_foreign(arrival("Origin: null", upgrade=True), frozenset({"null"}))


def test_two_origins() -> None:
    """Two Origins, even equal or differently written ones: show that nobody picks one of them."""
    for second in ("Origin: https://app.test", "ORIGIN: https://evil.test"):
        with pytest.raises(MalformedRequest):
            refuse_foreign(arrival("Origin: https://app.test", second, upgrade=True), LISTED)
