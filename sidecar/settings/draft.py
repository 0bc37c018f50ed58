"""What the checks look at: the settings, what was written by name, and the present moment."""

from dataclasses import dataclass
from datetime import datetime

from sidecar.core.policy import Policy
from sidecar.settings.declared import Declared, discounted
from sidecar.settings.faults import Where, within
from sidecar.settings.schema import Settings


@dataclass(frozen=True, slots=True)
class Draft:
    """Settings that are being checked; parts of them may be stand-ins."""

    settings: Settings
    declared: tuple[Declared, ...]
    factors: frozenset[str]
    """Every factor name that is written, also one whose options have a fault."""
    policy: Policy | None
    """None where the rules do not compile together."""
    spoiled: frozenset[Where]
    now: datetime

    @property
    def transports(self) -> tuple[Declared, ...]:
        """The transports that could be built."""
        return tuple(item for item in self.declared if item.transport is not None)

    @property
    def discounted(self) -> frozenset[str]:
        """The factors that the profile does not let count as a second one."""
        return discounted(self.settings, self.declared)

    def sound(self, *where: str | int) -> bool:
        """Tell whether this place and all inside it are what the operator wrote."""
        touched = (place[: len(where)] for place in self.spoiled)
        return where not in touched and not within(where, self.spoiled)

    @property
    def factors_known(self) -> bool:
        """Whether every factor that is written could be built, so that none can be missing."""
        built = {item.name for item in self.declared if item.factor is not None}
        return self.sound("factors") and built == self.factors
