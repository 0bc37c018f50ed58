"""What is set up next: a held method is waited for, and a name only where it tells apart."""

from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import cast

from sidecar.core.assurance import Requirement
from sidecar.core.decision import Held, Portfolio
from sidecar.core.model import Level, Standing
from sidecar.web.desk import Desk
from sidecar.web.setting_up import onward_of, waiting

NOW = datetime(2026, 3, 14, tzinfo=UTC)
LEVELS = {"key": Level.PHISHING_RESISTANT, "app": Level.TWO_FACTOR}
FACTOR = SimpleNamespace(traits=SimpleNamespace(label=""))
KIT = SimpleNamespace(levels=LEVELS, factors={"key": FACTOR, "app": FACTOR})
DESK = cast(
    "Desk",
    SimpleNamespace(
        flows=SimpleNamespace(kit=KIT), site=SimpleNamespace(kinds={"key": "webauthn"})
    ),
)
NEED = Requirement(Level.PHISHING_RESISTANT)


def holding(name: str) -> Portfolio:
    until = NOW + timedelta(hours=5)
    return Portfolio(
        Standing.ENROLLED,
        ("key", "app"),
        worth={"key": Level.TWO_FACTOR},
        held=(Held("key", until, name), Held("key", until + timedelta(hours=1), "later")),
    )


def test_a_held_method_is_waited_for() -> None:
    """A new key at a page for keys shows when it will do, by the name that its owner gave it."""
    view = waiting(DESK, holding("Blue"), NEED)
    assert view is not None
    assert (view.until, view.kind, view.name) == (NOW + timedelta(hours=5), "webauthn", "Blue")
    unnamed = waiting(DESK, holding("key"), NEED)
    assert unnamed is not None
    assert unnamed.name == ""


def test_nothing_is_waited_for_in_vain() -> None:
    """What does already, or never will, shows no page that tells to wait."""
    assert waiting(DESK, holding("Blue"), Requirement(Level.TWO_FACTOR)) is None
    app = Portfolio(Standing.ENROLLED, ("app",), held=(Held("app", NOW),))
    assert waiting(DESK, app, NEED) is None


def test_onward() -> None:
    """A form's fields show that only the way back goes on from page to page."""
    assert onward_of({"next": "n", "code": "1"}) == {"next": "n", "lost": ""}
