"""Small factors that take seeds: one without a defect, and some with one each."""

from dataclasses import replace

from sidecar.conformance.seeds import code
from sidecar.core.messages import Contact
from sidecar.core.model import (
    Authenticator,
    Enrolled,
    Material,
    Rejected,
    Response,
    SharedSecret,
    Verified,
)
from sidecar.core.protocols import Context, FactorTraits
from sidecar.core.seeds import Seed
from tests.conformance.sound import Pad

SHORTEST = 16


class Clockwork(Pad):
    """A pad of codes; seeds of others have theirs counted by the clock, in the usual way only."""

    traits = FactorTraits(proves="possession", seeded=True)

    def adopt(self, seed: Seed) -> Enrolled | Rejected:
        if len(seed.secret) < SHORTEST or seed.algorithm != "SHA1":
            return Rejected("unsuitable")
        made = {"digits": seed.digits, "period": seed.period_s, "next": 0}
        return Enrolled(SharedSecret(seed.secret, made))

    def seed(self, material: Material) -> Seed | None:
        if not isinstance(material, SharedSecret) or "period" not in material.state:
            return None
        digits, period = (int(str(material.state[name])) for name in ("digits", "period"))
        return Seed(material.secret, "SHA1", digits, period)

    async def finish_challenge(
        self,
        context: Context,
        authenticators: tuple[Authenticator, ...],
        state: bytes,
        response: Response,
    ) -> Verified | Rejected:
        for one in authenticators:
            spent = self._spent(context, one, response)
            if spent is not None:
                return Verified(one.id, ("otp",), spent)
        return await super().finish_challenge(context, authenticators, state, response)

    def spend(self, held: SharedSecret, step: int) -> SharedSecret:
        return replace(held, state={**held.state, "next": step + 1})

    def _spent(self, context: Context, one: Authenticator, response: Response) -> Material | None:
        held = one.material
        if not isinstance(held, SharedSecret) or not self.may(context, one):
            return None
        seed = self.seed(held)
        if seed is None or code(seed, context.now) != {"code": response.get("code")}:
            return None
        step = int(context.now.timestamp()) // seed.period_s
        return self.spend(held, step) if step >= int(str(held.state["next"])) else None


class SaysItTakesSeeds(Pad):
    traits = FactorTraits(proves="possession", seeded=True)


class TakesNoSeeds(Clockwork):
    def adopt(self, seed: Seed) -> Rejected:
        del seed
        return Rejected("unsuitable")


class RejectsSeedsInItsWords(Clockwork):
    def adopt(self, seed: Seed) -> Enrolled | Rejected:
        outcome = super().adopt(seed)
        return Rejected("not mine") if isinstance(outcome, Rejected) else outcome


class TakesGuessableSeeds(Clockwork):
    def adopt(self, seed: Seed) -> Enrolled | Rejected:
        return super().adopt(replace(seed, secret=seed.secret.rjust(SHORTEST, b"\0")))


class AnswersSeedsWithTruth(Clockwork):
    def adopt(self, seed: Seed) -> Enrolled | Rejected:
        return bool(super().adopt(seed))  # type: ignore[return-value]


class NoticesTheSeed(Clockwork):
    def adopt(self, seed: Seed) -> Enrolled | Rejected:
        outcome = super().adopt(seed)
        contact = Contact("sms", "+4915112345678")
        return replace(outcome, contact=contact) if isinstance(outcome, Enrolled) else outcome


class KeepsSeedsInObjects(Clockwork):
    def adopt(self, seed: Seed) -> Enrolled | Rejected:
        outcome = super().adopt(seed)
        if isinstance(outcome, Enrolled) and isinstance(outcome.material, SharedSecret):
            odd = {**outcome.material.state, "made": {1, 2}}
            return Enrolled(SharedSecret(seed.secret, odd))  # type: ignore[arg-type]
        return outcome


class ForgetsHowCodesAreMade(Clockwork):
    """Makes its own kind of codes, whatever the other system made."""

    def adopt(self, seed: Seed) -> Enrolled | Rejected:
        return super().adopt(replace(seed, algorithm="SHA1"))


class LosesSeedsByUse(Clockwork):
    def spend(self, held: SharedSecret, step: int) -> SharedSecret:
        return replace(super().spend(held, step), secret=held.secret[::-1])


class SpendsFromTheStart(Clockwork):
    """Believes that what comes was used to the end."""

    def adopt(self, seed: Seed) -> Enrolled | Rejected:
        outcome = super().adopt(seed)
        if isinstance(outcome, Enrolled) and isinstance(outcome.material, SharedSecret):
            return Enrolled(self.spend(outcome.material, 1 << 40))
        return outcome


class TakesSeedsAgain(Clockwork):
    def spend(self, held: SharedSecret, step: int) -> SharedSecret:
        return super().spend(held, step - 1)


class GivesWhatItHasNot(Clockwork):
    def seed(self, material: Material) -> Seed | None:
        return super().seed(material) or Seed(b"what nobody has used")


SEEDED = (
    SaysItTakesSeeds,
    TakesNoSeeds,
    RejectsSeedsInItsWords,
    TakesGuessableSeeds,
    AnswersSeedsWithTruth,
    NoticesTheSeed,
    KeepsSeedsInObjects,
    ForgetsHowCodesAreMade,
    LosesSeedsByUse,
    SpendsFromTheStart,
    TakesSeedsAgain,
    GivesWhatItHasNot,
)
"""What only the check of seeds finds."""
