"""The use cases, one verb a file; no HTTP in here."""

from dataclasses import dataclass

from sidecar.core.feed import Bell
from sidecar.core.protocols import Clock
from sidecar.core.stores import Store
from sidecar.flows.challenge import Challenges
from sidecar.flows.confirm import Confirmations
from sidecar.flows.deliver import Deliveries
from sidecar.flows.disown import Disowning
from sidecar.flows.enroll import Enrollments
from sidecar.flows.kit import Kit
from sidecar.flows.live import Live
from sidecar.flows.manage import Management
from sidecar.flows.notices import Notices
from sidecar.flows.receipts import Receipts
from sidecar.flows.refusals import Refusals
from sidecar.flows.revocations import Revocations
from sidecar.flows.sessions import Sessions
from sidecar.flows.trusted import Browsers


@dataclass(frozen=True, slots=True)
class Flows:
    """Every use case of one running sidecar."""

    kit: Kit
    revocations: Revocations
    sessions: Sessions
    challenges: Challenges
    confirmations: Confirmations
    enrollments: Enrollments
    management: Management
    browsers: Browsers
    refusals: Refusals
    live: Live
    deliveries: Deliveries
    notices: Notices
    disowning: Disowning
    receipts: Receipts


def build_flows(
    kit: Kit, bell: Bell, wall: Clock | None = None, *, first: Store | None = None
) -> Flows:
    """Return the use cases over this kit, whose factors are guarded from now on.

    The database's clock is compared with the wall's: the kit's own, unless another is given; what
    was revoked is read in the kit's store, or in one where no crowd is in the way.
    """
    kit = kit.guarded()
    revocations = Revocations(first or kit.store, bell, kit.clock, wall=wall)
    sessions = Sessions(kit, revocations)
    deliveries = Deliveries(kit)
    notices = Notices(kit, deliveries)
    return Flows(
        kit,
        revocations,
        sessions,
        Challenges(kit, sessions, deliveries, notices),
        Confirmations(kit, deliveries),
        Enrollments(kit, sessions, deliveries, notices),
        Management(kit, sessions, notices),
        Browsers(kit, sessions, notices),
        Refusals(kit),
        Live(revocations, sessions.latest, kit.levels),
        deliveries,
        notices,
        Disowning(kit, sessions, notices),
        Receipts(kit),
    )
