"""The seeds of a factor as flows know them: whatever a plugin does, its answer is in our words."""

from collections.abc import Callable
from datetime import timedelta
from typing import TypeVar, cast

from sidecar.core.model import Enrolled, Material, Rejected
from sidecar.core.protocols import Factor
from sidecar.core.seeds import ALGORITHMS, Seed, Seeded
from sidecar.flows.guarded import GuardedFactor, TellCall, Templates, is_enrolled, is_rejected
from sidecar.metrics.words import Called

T = TypeVar("T")


class GuardedSeeds(GuardedFactor):
    """A factor whose traits say `seeded`; each call of the port is answered, or has failed."""

    def adopt(self, seed: Seed) -> Enrolled | Rejected:
        return self._sane(self._done(lambda: self._port.adopt(seed)), _adopted)

    def seed(self, material: Material) -> Seed | None:
        return self._sane(self._done(lambda: self._port.seed(material)), _seed)

    @property
    def _port(self) -> Seeded:
        return cast("Seeded", self._factor)

    def _done(self, call: Callable[[], T]) -> T:
        """Return whatever the plugin answers.

        Raises:
            PluginFailed: it raised anything; none of our errors is an answer here.

        """
        try:
            return call()
        except (KeyboardInterrupt, GeneratorExit):  # the interpreter's own, and no plugin's
            raise
        except BaseException as broken:
            raise self._failed(Called.RAISED, type(broken).__name__) from broken


def guarded(
    name: str, factor: Factor, limit: timedelta, *, tell: TellCall, templates: Templates
) -> GuardedFactor:
    """Return the factor behind the guard that its traits ask for."""
    guard = GuardedSeeds if factor.traits.seeded else GuardedFactor
    return guard(name, factor, limit, tell=tell, templates=templates)


def _adopted(found: object) -> bool:
    """Nobody is there to be shown anything, and no address was verified."""
    if type(found) is not Enrolled:
        return is_rejected(found, frozenset())
    return is_enrolled(found) and found.reveal is None and found.contact is None


def _seed(found: object) -> bool:
    return found is None or (
        type(found) is Seed
        and type(found.secret) is bytes
        and type(found.algorithm) is str
        and found.algorithm in ALGORITHMS
        and type(found.digits) is int
        and type(found.period_s) is int
    )
