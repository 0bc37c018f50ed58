"""Why something is ended, as WebSockets are told."""

import pytest

from sidecar.core.endings import Ending
from sidecar.proxy.frames import close_frame


@pytest.mark.parametrize("ending", Ending)
def test_every_ending_can_be_told(ending: Ending) -> None:
    """Shows that its code may be sent (RFC 6455 §7.4), and its text fits into one Close frame."""
    assert ending.code == 1001 or 4000 <= ending.code < 5000
    assert ending.text
    assert close_frame(ending.code, ending.text).endswith(ending.text.encode())


def test_endings_are_told_apart() -> None:
    """Shows that no two of them are one and the same to whoever is told."""
    assert len({ending.value for ending in Ending}) == len(Ending) == 4
