"""A change of what a person has set up takes one fresh proof that was given for exactly that."""

from datetime import datetime

from sidecar.core.assurance import worth
from sidecar.core.errors import StepUpRequired
from sidecar.core.model import Level, Session
from sidecar.core.stores import Transaction
from sidecar.flows.kit import ACTION_PROOF_LIFE, Kit
from sidecar.flows.portfolio import portfolio_in
from sidecar.flows.visit import Visit


async def spend(tx: Transaction, kit: Kit, visit: Visit, action: str) -> None:
    """One proof that was given for the action is used up.

    Whoever has a second factor gives it for this. Whoever else has their password and reads their
    mail, where that counts for nothing, must not take the factor away, nor make one of the mail.

    Raises:
        StepUpRequired: there is none, or none of a second factor although the person has one.

    """
    session, now = visit.require_proof(), kit.clock()
    since = now - ACTION_PROOF_LIFE
    found = await portfolio_in(tx, kit, visit.person)
    has_second = any(level >= Level.TWO_FACTOR for level in found.worth.values())
    if has_second and not _gave_second(kit, session, since):
        message = f"a weaker proof than the person can give for {action}"
        raise StepUpRequired(message)
    if not await tx.challenges.spend(visit.person, session.id, action, since=since, now=now):
        message = f"no fresh proof for {action}"
        raise StepUpRequired(message)


def _gave_second(kit: Kit, session: Session, since: datetime) -> bool:
    levels = kit.levels
    return any(
        not proof.remembered and proof.at >= since and worth(proof, levels) >= Level.TWO_FACTOR
        for proof in session.proofs
    )
