"""The views of the enrollment pages: what to choose from, one step of a ceremony, its end."""

from collections.abc import Mapping

from sidecar.core.assurance import Requirement
from sidecar.core.decision import Portfolio
from sidecar.core.model import Challenge, Level, Standing
from sidecar.flows.portfolio import authenticators, portfolio
from sidecar.flows.visit import Visit
from sidecar.web.asking import requirement
from sidecar.web.choosing import choices, stronger
from sidecar.web.desk import Desk
from sidecar.web.questions import Choice, Fault
from sidecar.web.sending import again_at
from sidecar.web.views import BackupCodesView, EnrollStartView, EnrollView, HeldView

CODES = "lookup_codes"
"""The kind of prompt that shows codes to keep."""

ADDRESS = "address"
"""The kind of prompt that asks where codes are to be sent."""


def onward_of(asked: Mapping[str, str]) -> dict[str, str]:
    """Return what leads back to where the person was going, from page to page."""
    return {"next": asked.get("next", ""), "lost": asked.get("lost", "")}


def waiting(desk: Desk, found: Portfolio, need: Requirement) -> HeldView | None:
    """Return the page that says from when on what the person has will be enough, if it will."""
    levels = desk.flows.kit.levels
    until = found.counts_from(need, levels)
    if until is None or found.able(need, levels):
        return None
    first = next(item for item in found.held if item.until == until)
    return HeldView(
        until=until,
        kind=desk.site.kinds[first.factor],
        label=desk.flows.kit.factors[first.factor].traits.label,
        name="" if first.name == first.factor else first.name,
    )


async def start(
    desk: Desk,
    visit: Visit,
    onward: Mapping[str, str],
    asked: Mapping[str, str] | None = None,
    *,
    invited: bool = False,
) -> EnrollStartView:
    """Return what to choose from: for a page that is `asked` for, only what would open it.

    Where people are confirmed, whoever says to be `invited`, or cannot be reached, types the code.
    """
    kit = desk.flows.kit
    found = await portfolio(kit, visit.person)
    first = found.standing is Standing.NEVER_ENROLLED
    held = () if first else await authenticators(kit.store, visit.person)
    need = requirement(asked) if asked and not first else None
    # A newcomer who began with what counts for nothing would wait a whole hold for the next one.
    fit = Requirement(Level.TWO_FACTOR) if first else need
    confirmed = kit.first.mode == "confirmed"
    unreached = confirmed and not desk.flows.confirmations.targets(visit)
    return EnrollStartView(
        choices=choices(desk, held, need=fit),
        first=first,
        needed=need is not None,
        invited=first and (kit.first.mode == "invited" or unreached or (confirmed and invited)),
        opening=desk.opening(visit, onward["next"]),
        stopped=onward["lost"] == "1",
        next=onward["next"],
    )


async def ceremony(
    desk: Desk,
    visit: Visit,
    challenge: Challenge,
    onward: Mapping[str, str],
    *,
    fault: Fault | None = None,
) -> BackupCodesView | EnrollView:
    """Return the open step of a ceremony."""
    found = await portfolio(desk.flows.kit, visit.person)
    if challenge.prompt.kind == CODES:
        return BackupCodesView(
            prompt=challenge.prompt,
            made_at=challenge.created_at,
            first=challenge.factor not in found.usable,
            stopped=onward["lost"] == "1",
            enrollment=challenge.id,
            next=onward["next"],
            fault=fault,
        )
    traits = desk.flows.kit.factors[challenge.factor].traits
    return EnrollView(
        choice=Choice(challenge.factor, desk.site.kinds[challenge.factor], traits.label),
        prompt=challenge.prompt,
        enrollment=challenge.id,
        first=found.standing is Standing.NEVER_ENROLLED and not traits.stands_in,
        stopped=onward["lost"] == "1",
        next=onward["next"],
        fault=fault,
        until=challenge.expires_at,
        again_at=await again_at(desk, challenge),
        stronger=stronger(desk, challenge.factor),
        naming=challenge.factor in found.usable and not traits.only_one,
    )
