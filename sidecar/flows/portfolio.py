"""What a person could prove with now: never enrolled, enrolled, or in need of recovery."""

from datetime import UTC, datetime

from sidecar.core.decision import Held, Portfolio
from sidecar.core.model import Authenticator, Person, Standing
from sidecar.core.stores import Store, Transaction
from sidecar.flows.kit import Kit

_LONG_AGO = datetime.min.replace(tzinfo=UTC)


async def portfolio(kit: Kit, person: Person) -> Portfolio:
    """Return the person's standing and usable factors, last used first."""
    async with kit.store.read() as tx:
        return await portfolio_in(tx, kit, person)


async def portfolio_in(tx: Transaction, kit: Kit, person: Person) -> Portfolio:
    """Return the same inside a transaction that goes on."""
    account, held = await tx.accounts.get(person), await tx.authenticators.of(person)
    if account is not None and not account.enabled:
        # A newcomer too: setting something up must not be the way round what was switched off.
        return Portfolio(Standing.RECOVERY_NEEDED, exempt=kit.exempts_disabled)
    if not held and (account is None or account.enrolled_at is None):
        # Whoever holds anything is no newcomer, whatever became of the other row.
        return Portfolio(Standing.NEVER_ENROLLED)
    return Portfolio(Standing.RECOVERY_NEEDED) if account is None else portfolio_of(kit, held)


def portfolio_of(kit: Kit, held: tuple[Authenticator, ...]) -> Portfolio:
    """Return what these authenticators of an enrolled person could prove now."""
    now, usable = kit.clock(), usable_factors(kit, held)
    if not usable:
        return Portfolio(Standing.RECOVERY_NEEDED)
    ready = [item for item in held if item.usable and item.factor in usable]
    return Portfolio(
        Standing.ENROLLED,
        usable,
        worth={
            factor: min(
                kit.levels[factor],
                max(item.most(now) for item in ready if item.factor == factor),
            )
            for factor in usable
        },
        held=tuple(
            Held(item.factor, until, item.name)
            for item in ready
            if (until := item.held(now)) is not None
        ),
    )


def usable_factors(kit: Kit, held: tuple[Authenticator, ...]) -> tuple[str, ...]:
    """Return the factors these authenticators can prove, last used first, spares last."""
    ready = [item for item in held if item.usable and item.factor in kit.factors]
    ready.sort(
        key=lambda item: (
            not kit.factors[item.factor].traits.stands_in,
            item.last_used_at or _LONG_AGO,
        ),
        reverse=True,
    )
    return tuple(dict.fromkeys(item.factor for item in ready))


async def authenticators(store: Store, person: Person) -> tuple[Authenticator, ...]:
    """Return everything the person has set up, unreadable and disabled ones included."""
    async with store.read() as tx:
        return await tx.authenticators.of(person)
