"""Views: addresses that a page may send a person to."""

import pytest

from sidecar.web.views import ContinueView, ErrorView, is_local

HOSTILE = (
    "",
    "javascript:alert(1)",
    " javascript:alert(1)",
    "JAVASCRIPT:alert(1)",
    "data:text/html,x",
    "//evil.example",
    "/\\evil.example",
    "\\\\evil.example",
    "/\t/evil.example",
    "/\n/evil.example",
    "evil.example",
    "vbscript:x",
)


@pytest.mark.parametrize("address", HOSTILE)
def test_hostile_targets_are_refused(address: str) -> None:
    """THREATS 30: each address shows that no page can be built that links or refreshes to it."""
    assert not is_local(address)
    with pytest.raises(ValueError, match="place"):
        ContinueView(address)


@pytest.mark.parametrize("address", [*HOSTILE[1:], "https://shop.example.com/"])
def test_an_error_links_only_to_its_own_origin(address: str) -> None:
    """THREATS 30: each address shows that "try again" stays where the person is."""
    with pytest.raises(ValueError, match="origin"):
        ErrorView("upstream-unreachable", again=address)


@pytest.mark.parametrize("address", ["/", "/pay?x=1", "https://shop.example.com/logout"])
def test_the_application_is_a_place_to_go(address: str) -> None:
    """The application's own addresses show that they are taken as they are."""
    assert ContinueView(address).target == address
