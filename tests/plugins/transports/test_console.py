"""Letters shown instead of sent."""

import io

import pytest

from plugins.transports.console import Console, Options
from sidecar.core.errors import DeliveryFailed
from tests.conformance.lent import lent
from tests.vendors.stands import NOW, letter


async def test_every_line_is_marked_and_tame() -> None:
    """A letter with lines and escapes of its own shows nothing unmarked and nothing obeyed."""
    out = io.StringIO()
    console = Console(Options(), lent("dev", now=lambda: NOW), out)
    text = "code\n\x1b[2J914 207\r{'event': 'session.began'}\u2028more"
    receipt = await console.send(letter("email", text=text, subject="Hello"))
    assert receipt.provider == "dev"
    assert out.getvalue().splitlines() == [
        "NOT SENT | email to ada.lovelace@example.com",
        "NOT SENT | Hello",
        "NOT SENT | code",
        "NOT SENT | \N{REPLACEMENT CHARACTER}[2J914 207",
        "NOT SENT | {'event': 'session.began'}",
        "NOT SENT | more",
    ]


async def test_letters_are_on_standard_error(capsys: pytest.CaptureFixture[str]) -> None:
    """Without a stream of its own the console shows letters on standard error, as it is then."""
    await Console(Options(), lent("dev", now=lambda: NOW)).send(letter())
    assert "914 207" in capsys.readouterr().err


async def test_it_says_that_it_is_for_development() -> None:
    """The traits show that settings can keep it from real people, and channels can be left out."""
    console = Console(Options(channels=("email",)), lent(now=lambda: NOW))
    assert console.traits.development
    with pytest.raises(DeliveryFailed):
        await console.send(letter())
