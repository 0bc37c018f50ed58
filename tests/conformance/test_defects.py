"""The conformance suite finds what is wrong, and only that."""

import pytest

from sidecar.conformance import shown, timing
from sidecar.conformance.case import Broken, Case, Seen
from sidecar.conformance.suite import CHECKS, Finding, run
from sidecar.core.model import Response
from tests.conformance.clockwork import Clockwork
from tests.conformance.defects import DEFECTS, DEVICES, NeverEnds, NeverRight
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


@pytest.mark.parametrize("factor", [Pad, Signer, Clockwork], ids=lambda factor: factor.__name__)
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
    findings = await found(NeverRight)
    (fault,) = (item for item in findings if item.broken)
    assert fault.broken == "the device's own answer was rejected: wrong"
    assert fault.promise == "The device's own answer is verified, and so is its next one."
    assert {item.check for item in findings if not item.skipped} == {"in_time", "right_answer"}


class Clumsy(Token):
    """Drops what it is given."""

    def answer(self, seen: Seen) -> Response:
        raise KeyError("label" if seen.prompt.data else "")


async def test_a_device_that_fails_is_not_taken_for_the_factor() -> None:
    """A device that raises shows what it was shown, and that it was the device."""
    findings = await run(Case("pad", Pad, Clumsy))
    (fault,) = (item for item in findings if item.broken)
    assert fault.broken == (
        "the device cannot answer, shown a prompt of kind 'text' with ['label']: KeyError: 'label'"
    )


async def test_a_check_tells_its_own_faults_alone() -> None:
    """A factor that never verifies shows that checks of time leave that to others."""
    case = Case("never", NeverRight, Token)
    await timing.in_time(case)
    endless = Case("endless", NeverEnds, Token)
    await timing.in_time(endless)
    await timing.never_blocks(endless)
    with pytest.raises(Broken):
        await shown.honest(case)
