"""Acts become audit events."""

from dataclasses import replace

from sidecar.flows.record import act, operated
from tests.unit.flows.scene import ADA, Scene


def test_an_act_says_who_what_and_from_which_network(here: Scene) -> None:
    """The event of a visit shows person, request and shortened address, and no whole one."""
    visit = replace(here.stranger(), user_agent="y" * 500)
    event = act(visit, "challenge.verified", here.clock(), factor="totp")
    assert (event.person, event.actor, event.request_id) == (ADA, "self", "req-1")
    assert event.details["factor"] == "totp"
    assert str(event.details["network"]).startswith("192.0.2.0")
    assert len(str(event.details["user_agent"])) == 120


def test_an_operators_act_names_the_operator(here: Scene) -> None:
    """The event of a command shows who ran it, and why."""
    event = operated(ADA, "person.reset", here.clock(), "operator:root", reason="lost")
    assert (event.actor, event.details) == ("operator:root", {"reason": "lost"})
