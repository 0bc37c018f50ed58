"""Which kinds of factor a person may set up, the strongest first."""

from collections.abc import Collection, Iterable

from sidecar.core.assurance import Requirement, able
from sidecar.core.model import Authenticator, Level
from sidecar.flows.kit import Kit
from sidecar.flows.portfolio import portfolio_of
from sidecar.web.desk import Desk
from sidecar.web.questions import Choice


def choices(
    desk: Desk, held: Iterable[Authenticator] = (), *, need: Requirement | None = None
) -> tuple[Choice, ...]:
    """Return what can be set up, or what of it would meet the need where anything would.

    Restricted kinds stand last, so that nobody takes the weaker for the usual (NIST RESTA-1).
    """
    kit = desk.flows.kit
    names = sorted(_first(kit), key=lambda name: _weakness(kit, name))
    fitting = able(names, need, kit.levels) if need is not None else ()
    usable = [item.factor for item in held if item.usable]
    shown = fitting or tuple(names)
    return tuple(_choice(desk, name, usable, first=name == shown[0]) for name in shown)


def proves_two(kit: Kit, held: tuple[Authenticator, ...]) -> bool:
    """Tell whether what a person has proves two factors, for whom alone spares are made."""
    return bool(portfolio_of(kit, held).able(Requirement(Level.TWO_FACTOR), kit.levels))


def stronger(desk: Desk, than: str) -> tuple[Choice, ...]:
    """Return what is safer than a restricted factor, and nothing for any other.

    What counts under no strict profile is not safer: a mailbox opens to a password (ASVS 6.3.6).
    """
    factors = desk.flows.kit.factors
    if not factors[than].traits.restricted:
        return ()
    return tuple(
        choice
        for choice in choices(desk)
        if not choice.restricted and factors[choice.factor].traits.strict
    )


def missing(desk: Desk, held: Iterable[Authenticator]) -> tuple[Choice, ...]:
    """Return what somebody with one method only had better add: nothing weak, nothing twice."""
    factors = desk.flows.kit.factors
    mine = [
        item
        for item in held
        if item.usable and item.factor in factors and not factors[item.factor].traits.stands_in
    ]
    if len(mine) != 1:
        return ()
    return tuple(
        choice for choice in choices(desk, mine) if not choice.held and not choice.restricted
    )


def _first(kit: Kit) -> Iterable[str]:
    return (name for name, factor in kit.factors.items() if not factor.traits.stands_in)


def _weakness(kit: Kit, name: str) -> tuple[bool, int, bool]:
    traits = kit.factors[name].traits
    return traits.restricted, -kit.levels[name], bool(traits.channel)


def _choice(desk: Desk, name: str, usable: Collection[str], *, first: bool) -> Choice:
    kit = desk.flows.kit
    traits = kit.factors[name].traits
    return Choice(
        factor=name,
        kind=desk.site.kinds[name],
        label=traits.label,
        restricted=traits.restricted,
        recommended=first and not traits.restricted and kit.levels[name] >= Level.TWO_FACTOR,
        held=sum(factor == name for factor in usable),
    )
