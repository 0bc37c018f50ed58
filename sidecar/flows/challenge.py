"""A person is asked for a factor and answers: counted before it is checked, used once."""

from sidecar.core.errors import (
    ChallengeGone,
    NotFound,
    ResponseRejected,
)
from sidecar.core.guessing import Claim
from sidecar.core.model import (
    Account,
    Authenticator,
    AuthenticatorId,
    Challenge,
    ChallengeId,
    Person,
    Prompt,
    Purpose,
    Response,
    Started,
)
from sidecar.core.outbox import PostStatus
from sidecar.core.protocols import Context
from sidecar.core.stores import Transaction
from sidecar.flows.carried import MAX_STATE_BYTES, Carried, open_carried, seal_carried
from sidecar.flows.deliver import Deliveries
from sidecar.flows.judge import Judge, Try, usable
from sidecar.flows.kit import (
    CHALLENGES_BEGUN,
    Entered,
    Kit,
    counted_under,
    end_of,
    new_id,
)
from sidecar.flows.notices import Notices
from sidecar.flows.sessions import Sessions
from sidecar.flows.visit import Visit

Found = tuple[tuple[Authenticator, ...], Account | None]
"""What a person has of a factor, and what is known of them."""

_NOT_SENT = (PostStatus.FAILED, PostStatus.LOST)
MAX_FIELDS = 16
MAX_FIELD_CHARS = 32_768
"""An attestation with its certificates takes some thousand."""


def bounded(response: Response) -> Response:
    """Return the response if a factor may see it.

    Raises:
        ResponseRejected: more or longer fields than any factor asks for; no try is counted.

    """
    if len(response) > MAX_FIELDS or any(
        len(name) + len(value) > MAX_FIELD_CHARS for name, value in response.items()
    ):
        reason = "malformed"
        raise ResponseRejected(reason)
    return response


async def held_of(tx: Transaction, person: Person, factor: str) -> tuple[Authenticator, ...]:
    """Return all that a person has of a factor, whether usable or not."""
    return tuple(item for item in await tx.authenticators.of(person) if item.factor == factor)


class Challenges:
    """Begins challenges and takes their answers."""

    def __init__(
        self, kit: Kit, sessions: Sessions, deliveries: Deliveries, notices: Notices
    ) -> None:
        self._kit = kit
        self._deliveries = deliveries
        self._judge = Judge(kit, sessions, notices)

    async def begin(
        self,
        visit: Visit,
        factor: str,
        *,
        action: str = "",
        chosen: AuthenticatorId | None = None,
    ) -> Challenge:
        """A challenge of this factor is open, bound to person, session and (if given) action.

        Only the chosen authenticator may answer it, or any of the factor where none was chosen.

        Raises:
            NotFound: the person has no usable authenticator of this factor, or not the chosen one.
            TooManyAttempts: too many were begun lately, or too many messages sent.
            DeliveryFailed: the code reached nobody; the challenge that it names stays open.

        """
        visit.require_session()
        await self._kit.limiter.take(CHALLENGES_BEGUN, counted_under(visit))
        challenge, started = await self._started(visit, factor, action, chosen=chosen)
        await self._deliveries.open(visit, challenge, started.messages)
        return challenge

    async def underway(
        self,
        visit: Visit,
        factor: str,
        *,
        action: str = "",
        chosen: AuthenticatorId | None = None,
    ) -> Challenge | None:
        """Return the challenge begun last for just this, if its code is on its way to the person.

        Whoever asks twice, or goes back, would else wait for the next code with nowhere to type
        the one that comes.
        """
        session, now = visit.require_session(), self._kit.clock()
        async with self._kit.store.read() as tx:
            for one in await tx.challenges.begun(visit.person, session.id, factor, now):
                same = (one.action, one.authenticator_id) == (action, chosen)
                if same and one.purpose is not Purpose.ENROLL:
                    sent = await tx.sendings.of(one.id)
                    return one if any(post.status not in _NOT_SENT for post in sent) else None
        return None

    async def offer(self, visit: Visit, factor: str, *, action: str = "") -> Carried | None:
        """Return what to ask at once, with a challenge that the page carries; nothing is changed.

        None: it has to be begun, as it writes to somebody or has much to remember.

        Raises:
            NotFound: the person has no usable authenticator of this factor.

        """
        challenge, started = await self._started(visit, factor, action)
        if started.messages or len(started.state) > MAX_STATE_BYTES:
            return None
        return Carried(started.prompt, seal_carried(self._kit.tokens, challenge))

    async def known(self, visit: Visit, factor: str) -> Prompt:
        """Return what a factor would ask with, also where nothing of it is left; nothing begins.

        A browser learns of it which passkeys it may go on offering.

        Raises:
            StepUpRequired: the session holds no proof.
            PluginFailed: the factor cannot say.

        """
        visit.require_proof()
        async with self._kit.store.read() as tx:
            held = await held_of(tx, visit.person, factor)
        context = Context(visit.person, visit.label, self._kit.clock(), "", held)
        begun = await self._kit.factors[factor].begin_challenge(context, usable(held))
        return begun.prompt

    async def show(self, visit: Visit, which: ChallengeId) -> Challenge:
        """Return an open challenge of this visit, to be shown again.

        Raises:
            ChallengeGone: it is not open, or not of this person and session.

        """
        session = visit.require_session()
        async with self._kit.store.read() as tx:
            challenge = await tx.challenges.get(which, visit.person, session.id, self._kit.clock())
        return self._kit.served(_of_a_factor(challenge))

    async def answer(self, visit: Visit, which: ChallengeId, response: Response) -> Entered:
        """The session holds a new proof and has a new token.

        Raises:
            ChallengeGone: not open, or not of this person and session.
            TooManyAttempts: nothing was checked.
            ResponseRejected: wrong; the try stays counted.

        """
        bounded(response)
        return await self._judge.decide(visit, await self._claim(visit, which), response)

    async def answer_carried(self, visit: Visit, token: str, response: Response) -> Entered:
        """The same for a challenge that a page carried; it takes one answer, right or wrong.

        Raises:
            ChallengeGone: answered before, too old, or not of this person and session.
            TooManyAttempts: nothing was checked, and the challenge is still good.
            ResponseRejected: wrong; the try stays counted.

        """
        bounded(response)
        session, now, tokens = visit.require_session(), self._kit.clock(), self._kit.tokens
        challenge = open_carried(tokens, token, visit.person, session.id, now=now)
        await self._kit.limiter.take(CHALLENGES_BEGUN, counted_under(visit))
        async with self._kit.store.begin(visit.person) as tx:
            await tx.challenges.add(challenge)
            claim = await self._count(tx, visit, challenge)
            found = await self._found(tx, visit.person, challenge.factor)
        held = self._usable(challenge.factor, *found)
        return await self._judge.decide(visit, Try(challenge, claim, held, once=True), response)

    async def _started(
        self, visit: Visit, factor: str, action: str, *, chosen: AuthenticatorId | None = None
    ) -> tuple[Challenge, Started]:
        """Return a challenge of this factor that is stored nowhere yet."""
        session, held = visit.require_session(), await self._held(visit, factor, chosen)
        now, which = self._kit.clock(), ChallengeId(new_id())
        context = Context(visit.person, visit.label, now, which, held)
        plugin = self._kit.factors[factor]
        started = await plugin.begin_challenge(context, usable(held, chosen))
        challenge = Challenge(
            id=which,
            person=visit.person,
            session_id=session.id,
            purpose=Purpose.ACTION if action else Purpose.SIGN_IN,
            factor=factor,
            action=action,
            authenticator_id=chosen,
            prompt=started.prompt,
            state=started.state,
            created_at=now,
            expires_at=end_of(started, now),
        )
        return challenge, started

    async def _held(
        self, visit: Visit, factor: str, chosen: AuthenticatorId | None = None
    ) -> tuple[Authenticator, ...]:
        """Return all that the person has of a factor, one of which at least is usable.

        Raises:
            NotFound: none is, or not the chosen one.

        """
        async with self._kit.store.read() as tx:
            found = await self._found(tx, visit.person, factor)
        return self._usable(factor, *found, chosen=chosen)

    @staticmethod
    async def _found(tx: Transaction, person: Person, factor: str) -> Found:
        return await held_of(tx, person, factor), await tx.accounts.get(person)

    def _usable(
        self,
        factor: str,
        held: tuple[Authenticator, ...],
        account: Account | None,
        *,
        chosen: AuthenticatorId | None = None,
    ) -> tuple[Authenticator, ...]:
        known = factor in self._kit.factors and account is not None and account.enabled
        if not known or not usable(held, chosen):
            message = f"no usable authenticator of factor {factor!r}"
            raise NotFound(message)
        return held

    async def _claim(self, visit: Visit, which: ChallengeId) -> Try:
        """Count the try, and commit that, before anything is compared (THREATS 50)."""
        session, now = visit.require_session(), self._kit.clock()
        async with self._kit.store.begin(visit.person) as tx:
            challenge = _of_a_factor(await tx.challenges.get(which, visit.person, session.id, now))
            claim = await self._count(tx, visit, challenge)
            found = await self._found(tx, visit.person, challenge.factor)
        held = self._usable(challenge.factor, *found, chosen=challenge.authenticator_id)
        return Try(challenge, claim, held)

    async def _count(self, tx: Transaction, visit: Visit, challenge: Challenge) -> Claim:
        return await tx.attempts.claim(
            visit.person,
            challenge.factor,
            known=visit.known,
            challenge=challenge.id,
            now=self._kit.clock(),
        )


def _of_a_factor(challenge: Challenge) -> Challenge:
    """Return the challenge; an object of one purpose is never accepted for another."""
    if challenge.purpose not in (Purpose.SIGN_IN, Purpose.ACTION):
        message = f"{challenge.purpose} is not a challenge of a factor"
        raise ChallengeGone(message)
    return challenge
