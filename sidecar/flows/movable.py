"""Which authenticators move between installations, and how each is told from others."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from sidecar.core.model import Authenticator, Enrolled, Level, Material, PublicKey
from sidecar.core.protocols import Factor
from sidecar.core.seeds import Portable, Seed, Seeded
from sidecar.flows.seeded import GuardedSeeds

Mark = tuple[str, Seed | tuple[bytes, bytes]]
"""A factor, and what makes codes or signatures; the same mark is the same authenticator."""


@dataclass(frozen=True, slots=True)
class Movable:
    """The factors whose authenticators come from elsewhere and go there."""

    seeded: Mapping[str, Seeded]
    """Those that take seeds, in the order of the configuration."""
    domains: Mapping[str, str]
    """Those that hold public keys, and the domain (`rp_id`) to which browsers bind the keys."""
    levels: Mapping[str, Level]
    single: frozenset[str] = field(default_factory=frozenset)
    """Those of which a person has only one."""

    def material(self, held: Authenticator) -> Seed | PublicKey | None:
        """Return what would travel; None where it does not open, or is not of a kind that does."""
        found = held.material
        if isinstance(found, PublicKey):
            return found if held.factor in self.domains else None
        if found is None or held.factor not in self.seeded:
            return None
        return self.seeded[held.factor].seed(found)

    def mark(self, held: Authenticator) -> Mark | None:
        """Return what tells the authenticator from others; None where nothing could."""
        material = self.material(held)
        return None if material is None else mark_of(held.factor, material)

    def taken(self, portable: Portable) -> "Taken | str":
        """Return what would be kept of it here, or in a sentence why it cannot be."""
        if isinstance(portable.material, PublicKey):
            return self._key(portable.factor, portable.material)
        return self._seed(portable.factor or next(iter(self.seeded), ""), portable.material)

    def _key(self, factor: str, key: PublicKey) -> "Taken | str":
        if factor not in self.domains:
            return _no_factor(factor, self.domains)
        if key.state.get("rp_id", self.domains[factor]) != self.domains[factor]:
            return f"the key is bound to another domain than {self.domains[factor]}"
        return Taken(factor, key, mark_of(factor, key))

    def _seed(self, factor: str, seed: Seed) -> "Taken | str":
        if factor not in self.seeded:
            return _no_factor(factor, self.seeded)
        adopted = self.seeded[factor].adopt(seed)
        if not isinstance(adopted, Enrolled):
            return (
                f"{factor} makes no such codes ({seed.digits} digits, every {seed.period_s} s, "
                f"of {len(seed.secret)} bytes), or the secret is too short to be safe: "
                "its person sets up an app anew"
            )
        return Taken(factor, adopted.material, mark_of(factor, seed), adopted.detail)


@dataclass(frozen=True, slots=True)
class Taken:
    """What is kept of an authenticator that came from elsewhere."""

    factor: str
    material: Material = field(repr=False)
    mark: Mark = field(repr=False)
    detail: str = ""


def movable(
    factors: Mapping[str, Factor], levels: Mapping[str, Level], domains: Mapping[str, str]
) -> Movable:
    """Return what can move by these factors, which are guarded."""
    seeded = {name: one for name, one in factors.items() if isinstance(one, GuardedSeeds)}
    single = frozenset(name for name, factor in factors.items() if factor.traits.only_one)
    return Movable(seeded, domains, levels, single)


def mark_of(factor: str, material: Seed | PublicKey) -> Mark:
    """Return what tells an authenticator from others; a counter or a name does not."""
    if isinstance(material, Seed):
        return factor, material
    return factor, (material.credential_id, material.public_key)


def _no_factor(factor: str, known: Mapping[str, object]) -> str:
    there = ", ".join(known) or "none"
    called = f"no factor {factor!r}" if factor else "no factor"
    return f"{called} takes it here; those of its kind: {there}"
