"""The calls by which people move in and out, put together: in a running sidecar, and at a desk."""

from collections.abc import Callable
from datetime import timedelta

from sidecar import wiring
from sidecar.core.protocols import Clock
from sidecar.core.stores import Store
from sidecar.flows import Flows
from sidecar.flows.exporting import Exports
from sidecar.flows.guarded import Templates, unheard
from sidecar.flows.importing import Imports
from sidecar.flows.movable import Movable, movable
from sidecar.flows.seeded import guarded
from sidecar.lending import Lender
from sidecar.outside import Outside
from sidecar.proxy.pool import Pool
from sidecar.settings.load import Loaded
from sidecar.web.management.call import Handlers
from sidecar.web.management.porting import PortingCalls

PLUGIN_TIMEOUT = timedelta(seconds=5)
"""Of what is awaited, and nothing is that has to do with moving."""


def moving(loaded: Loaded, flows: Flows) -> Handlers:
    """Return what answers each endpoint, by the factors of a running sidecar."""
    kit = flows.kit
    domains = wiring.key_domains(loaded)
    return _handlers(
        loaded, kit.store, kit.clock, lambda: movable(kit.factors, kit.levels, domains)
    )


def moving_here(loaded: Loaded, store: Store, clock: Clock) -> Handlers:
    """Return the same without a running sidecar; factors are built once somebody moves."""
    return _handlers(loaded, store, clock, lambda: _movable_here(loaded, clock))


def _movable_here(loaded: Loaded, clock: Clock) -> Movable:
    pool = Pool(wiring.upstreams(loaded.settings))
    lender = Lender(loaded, wiring.key_ring(loaded), pool, Outside(), clock=clock)
    factors = {
        name: guarded(name, factor, PLUGIN_TIMEOUT, tell=unheard, templates=Templates())
        for name, factor in lender.factors.items()
    }
    return movable(factors, loaded.levels, wiring.key_domains(loaded))


def _handlers(loaded: Loaded, store: Store, clock: Clock, found: Callable[[], Movable]) -> Handlers:
    naming, made = wiring.naming(loaded), list[Movable]()

    def movable_once() -> Movable:
        if not made:
            made.append(found())
        return made[0]

    return PortingCalls(
        lambda: Imports(store, clock, naming, movable_once()),
        lambda: Exports(store, clock, movable_once()),
    ).handlers()
