"""The bundled factors hold to what every factor must."""

from base64 import b32decode
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta

import pytest
from pyotp import HOTP

from sidecar.core.model import Prompt, Response
from sidecar.core.protocols import Factor
from sidecar.loader import Role, build, resolve
from tests.conformance.factor import CHECKS
from tests.conformance.lent import lent
from tests.conformance.world import Case


class App:
    """An authenticator app."""

    def __init__(self) -> None:
        self._key = ""
        self._digits = self._period = 0

    def enroll(self, prompt: Prompt, now: datetime) -> Response:
        key, digits, period = (prompt.data[name] for name in ("secret", "digits", "period"))
        assert isinstance(key, str)
        assert isinstance(digits, int)
        assert isinstance(period, int)
        self._key, self._digits, self._period = key.replace(" ", ""), digits, period
        return self.answer(prompt, now)

    def answer(self, prompt: Prompt, now: datetime) -> Response:
        del prompt
        step = int(now.timestamp()) // self._period
        return {"code": HOTP(self._key, digits=self._digits).at(step)}

    def secrets(self) -> tuple[str, ...]:
        padded = self._key + "=" * (-len(self._key) % 8)
        return self._key, b32decode(padded).hex(), str(b32decode(padded))


class Sheet:
    """A sheet of paper."""

    def __init__(self) -> None:
        self._codes: list[str] = []
        self._used = 0

    def enroll(self, prompt: Prompt, now: datetime) -> Response:
        del now
        codes = prompt.data["codes"]
        assert isinstance(codes, tuple)
        self._codes = list(codes)
        return {"kept": "yes"}

    def answer(self, prompt: Prompt, now: datetime) -> Response:
        del prompt, now
        self._used += 1
        return {"code": self._codes[self._used - 1]}

    def secrets(self) -> tuple[str, ...]:
        return (*self._codes, *(code.replace("-", "") for code in self._codes))


def bundled(name: str, **options: object) -> Callable[[], Factor]:
    plugin = resolve(Role.FACTORS, name)

    def made() -> Factor:
        factor: Factor = plugin.build(plugin.options(**options), lent(name))
        return factor

    return made


def app(name: str, period_s: int, **options: object) -> Case:
    made = bundled("totp", issuer="Harbour", period=period_s, **options)
    return Case(name, made, App, timedelta(seconds=period_s), {"code": "000000"})


CASES = (
    app("totp", 30),
    app("totp-strict", 30, window=0, max_drift=0),
    app("totp-eight", 60, digits=8, window=2),
    Case("backup-codes", bundled("backup_codes", count=8), Sheet),
)


@pytest.mark.conforms("NIST-SFOV-4", "NIST-LSV-1", "ASVS-6.5.1", "NIST-AAL2AVR-3")
@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__)
@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
async def test_factor(check: Callable[[Case], Awaitable[None]], case: Case) -> None:
    """Each check says in its own docstring what it shows that holds."""
    await check(case)


def test_what_is_built_is_a_factor() -> None:
    """Shows that the loader makes every bundled factor from its validated options."""
    plugin = resolve(Role.FACTORS, "totp")
    made = build(plugin, plugin.options(issuer="Harbour"), lent("totp"))
    assert hasattr(made, "finish_challenge")
