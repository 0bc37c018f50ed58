"""The seeds of a factor as flows know them."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import cast

import pytest

from sidecar.core.errors import ChallengeGone, PluginFailed
from sidecar.core.messages import Contact
from sidecar.core.model import Enrolled, LookupCodes, Prompt, Rejected, SharedSecret, Started
from sidecar.core.protocols import Factor, FactorTraits
from sidecar.core.seeds import Seed
from sidecar.flows.guarded import Templates
from sidecar.flows.seeded import GuardedSeeds, guarded
from sidecar.metrics.words import Called
from tests.unit.flows.scene import Scene

SEED = Seed(b"what an app has used")
HELD = SharedSecret(b"what an app has used")


class Sly(Seed):
    """Could answer otherwise each time it is asked."""


class SlyText(str):
    """An algorithm that is anything to anybody."""

    __slots__ = ()


class Given:
    """A factor whose port does what a test says."""

    traits = FactorTraits(proves="possession", seeded=True)

    def __init__(self, answer: object) -> None:
        self._answer = answer

    def adopt(self, seed: Seed) -> object:
        del seed
        if isinstance(self._answer, BaseException):
            raise self._answer
        return self._answer

    seed = adopt


def behind(answer: object, told: list[tuple[str, Called]]) -> GuardedSeeds:
    made = guarded(
        "app",
        cast("Factor", Given(answer)),
        timedelta(seconds=5),
        tell=lambda *call: told.append(call),
        templates=Templates(),
    )
    assert isinstance(made, GuardedSeeds)
    return made


CALLS: dict[str, Callable[[GuardedSeeds], object]] = {
    "adopt": lambda port: port.adopt(SEED),
    "seed": lambda port: port.seed(HELD),
}


@pytest.mark.threat(47)
@pytest.mark.parametrize("method", CALLS)
@pytest.mark.parametrize(
    "raised",
    [KeyError("s3cret"), SystemExit(0), ChallengeGone("s3cret"), AttributeError("adopt")],
    ids=repr,
)
def test_what_a_port_raises_is_its_failure(method: str, raised: BaseException) -> None:
    """Whatever is raised shows as the plugin's failure, counted, without its text."""
    told: list[tuple[str, Called]] = []
    with pytest.raises(PluginFailed) as failed:
        CALLS[method](behind(raised, told))
    assert "s3cret" not in str(failed.value)
    assert told == [("app", Called.RAISED)]


@pytest.mark.threat(47)
@pytest.mark.parametrize("method", CALLS)
@pytest.mark.parametrize(
    "answer",
    [
        True,
        "SHA1",
        Started(Prompt("code")),
        Rejected("because"),
        Enrolled(cast("SharedSecret", "secret")),
        Enrolled(HELD, reveal=Prompt("code")),
        Enrolled(HELD, contact=Contact("sms", "+49")),
        Sly(b"x"),
        replace(SEED, secret=cast("bytes", "x")),
        replace(SEED, algorithm="MD5"),  # type: ignore[arg-type]
        replace(SEED, algorithm=cast("str", SlyText("SHA1"))),  # type: ignore[arg-type]
        replace(SEED, digits=cast("int", "6")),
        replace(SEED, period_s=cast("int", 30.0)),
    ],
    ids=repr,
)
def test_what_is_no_answer_is_nonsense(method: str, answer: object) -> None:
    """An answer of another type, or one for which nobody is there, shows as nonsense."""
    told: list[tuple[str, Called]] = []
    with pytest.raises(PluginFailed):
        CALLS[method](behind(answer, told))
    assert told == [("app", Called.NONSENSE)]


def test_the_end_of_the_process_is_no_failure() -> None:
    """An interrupt that comes while a plugin works shows as itself, and counts as nothing."""
    told: list[tuple[str, Called]] = []
    with pytest.raises(KeyboardInterrupt):
        behind(KeyboardInterrupt(), told).adopt(SEED)
    assert told == []


def test_answers_pass() -> None:
    """Each answer in our words shows as itself, and is counted as one."""
    told: list[tuple[str, Called]] = []
    for taken in (Enrolled(HELD), Rejected("unsuitable")):
        assert behind(taken, told).adopt(SEED) == taken
    for given in (SEED, None):
        assert behind(given, told).seed(HELD) == given
    assert told == [("app", Called.ANSWERED)] * 4


async def test_flows_find_the_factors_that_take_seeds(here: Scene) -> None:
    """The factors of a sidecar show that the app takes seeds, and nothing else does."""
    seeded = here.flows.kit.seeded
    assert list(seeded) == ["totp"]
    adopted = seeded["totp"].adopt(SEED)
    assert isinstance(adopted, Enrolled)
    assert seeded["totp"].seed(adopted.material) == SEED
    assert seeded["totp"].seed(LookupCodes(())) is None
