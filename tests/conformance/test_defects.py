"""The conformance suite finds what is wrong, and only that."""

import pytest

from sidecar.conformance.case import Case
from sidecar.conformance.suite import CHECKS, Finding, run
from tests.conformance.defects import DEFECTS, DEVICES
from tests.conformance.sound import Pad, Signer, Token


async def found(factor: type[Pad]) -> tuple[Finding, ...]:
    device = DEVICES.get(factor, Token)
    return await run(Case(factor.__name__, factor, device, limit_s=0.5))


@pytest.mark.threat(47, 52, 53, 60)
@pytest.mark.parametrize("factor", DEFECTS, ids=lambda factor: factor.__name__)
async def test_a_defect_is_found_by_the_check_for_it(factor: type[Pad]) -> None:
    """A factor with one defect shows the checks that are for it failed, and no other."""
    findings = await found(factor)
    assert {item.check for item in findings if item.broken} == DEFECTS[factor]


@pytest.mark.parametrize("factor", [Pad, Signer], ids=lambda factor: factor.__name__)
async def test_a_sound_factor_keeps_every_promise(factor: type[Pad]) -> None:
    """A factor without a defect shows that every check was tried and none failed."""
    findings = await found(factor)
    assert [(item.check, item.broken) for item in findings if item.broken] == []
    assert [item.check for item in findings if item.skipped] == []


def test_every_check_has_a_defect() -> None:
    """The defects show that each check finds something."""
    assert {name for names in DEFECTS.values() for name in names} == {
        check.__name__ for check in CHECKS
    }


async def test_what_cannot_be_tried_is_said_to_be_skipped() -> None:
    """A factor that never verifies shows its one fault, in words, and the rest as not tried."""
    findings = await found(next(factor for factor, by in DEFECTS.items() if by == {"right_answer"}))
    (fault,) = (item for item in findings if item.broken)
    assert fault.broken == "the device's own answer was rejected: wrong"
    assert fault.promise == "The device's own answer is verified, and so is its next one."
    assert {item.check for item in findings if not item.skipped} == {"in_time", "right_answer"}
