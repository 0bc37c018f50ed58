"""The bundled transports hold to what every transport must."""

from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from tests.conformance.transport import CHECKS, Case
from tests.vendors import nearby, stands
from tests.vendors.stands import Stand

CASES = (
    Case("smtp", nearby.an_smtp, "email"),
    Case("twilio", stands.a_twilio, "sms"),
    Case("vonage", stands.a_vonage, "sms"),
    Case("sns", stands.an_sns, "sms"),
    Case("webhook", stands.a_webhook, "sms"),
    Case("webhook-mail", stands.a_webhook, "email"),
    Case("console", nearby.a_console, "sms"),
    Case("console-mail", nearby.a_console, "email"),
)


@pytest.mark.conforms("ASVS-1.3.11", "ASVS-15.3.2", "NIST-OBA-1")
@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__)
@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
async def test_transport(
    check: Callable[[Case, Stand], Awaitable[None]], case: Case, tmp_path: Path
) -> None:
    """Each check says in its own docstring what it shows that holds."""
    async with case.open(tmp_path) as stand:
        await check(case, stand)
