"""The bundled factors hold to what every factor must."""

from collections.abc import Callable
from dataclasses import replace
from functools import partial

import pytest

from sidecar.conformance.case import Case
from sidecar.conformance.devices import App, Inbox, Sheet
from sidecar.conformance.softkey import KeyInHand
from sidecar.conformance.suite import CHECKS, Check
from sidecar.core.protocols import Factor
from sidecar.dear import DearWork
from sidecar.loader import Role, build, resolve
from tests.conformance.lent import lent


def bundled(name: str, **options: object) -> Callable[[], Factor]:
    plugin = resolve(Role.FACTORS, name)

    def made() -> Factor:
        factor: Factor = plugin.build(
            plugin.options(**options), replace(lent(name), dear=DearWork())
        )
        return factor

    return made


KEYS = {"rp_id": "example.com", "rp_name": "Harbour"}
AAL3 = {"user_verification": "required", "device_bound_only": True}

CASES = (
    Case("totp", bundled("totp", issuer="Harbour"), App),
    Case("totp-strict", bundled("totp", issuer="Harbour", window=0, max_drift=0), App),
    Case("totp-eight", bundled("totp", issuer="Harbour", period=60, digits=8, window=2), App),
    Case("backup-codes", bundled("backup_codes", count=8), Sheet),
    Case("sms", bundled("sms", transport="texts"), Inbox),
    Case("email", bundled("email", transport="mail"), partial(Inbox, "ada@example.com")),
    Case("webauthn", bundled("webauthn", **KEYS), KeyInHand),
    Case("webauthn-synced", bundled("webauthn", **KEYS), partial(KeyInHand, be=True, count=0)),
    Case("webauthn-aal3", bundled("webauthn", **KEYS, **AAL3), KeyInHand),
)


@pytest.mark.conforms("NIST-SFOV-4", "NIST-LSV-1", "ASVS-6.5.1", "NIST-AAL2AVR-3")
@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__)
@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
async def test_factor(check: Check, case: Case) -> None:
    """Each check says in its own docstring what it shows that holds."""
    await check(case)


def test_what_is_built_is_a_factor() -> None:
    """Shows that the loader makes every bundled factor from its validated options."""
    plugin = resolve(Role.FACTORS, "totp")
    made = build(plugin, plugin.options(issuer="Harbour"), lent("totp"))
    assert hasattr(made, "finish_challenge")
