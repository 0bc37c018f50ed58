"""The management API's operations on the store that sidecar.yaml names, without a server."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from urllib.parse import parse_qsl

from sidecar.backing import backing
from sidecar.client.desk import Ask, Reply
from sidecar.clock import utc_now
from sidecar.core.clients import ApiClient, ClientId, Scope
from sidecar.core.errors import SidecarError, StoreUnavailable
from sidecar.core.protocols import Clock
from sidecar.core.stores import Store
from sidecar.flows.everybody import Everybody
from sidecar.flows.histories import Histories
from sidecar.flows.holdings import Holdings
from sidecar.flows.naming import Naming
from sidecar.flows.people import People
from sidecar.flows.signed_in import SignOuts
from sidecar.flows.switching import Switching
from sidecar.moving import moving_here
from sidecar.settings.load import Loaded
from sidecar.web.management.app import kept
from sidecar.web.management.authenticators import AuthenticatorCalls
from sidecar.web.management.call import Call, Handlers
from sidecar.web.management.config import ConfigCalls
from sidecar.web.management.invitations import InvitationCalls
from sidecar.web.management.reading import checked_query, read
from sidecar.web.management.telling import problem
from sidecar.web.management.users import Desk, UserCalls
from sidecar.wiring import key_ring, naming, remembering


class Operator(ApiClient):
    """Who runs a command; may do everything, for the store is theirs."""

    @property
    def actor(self) -> str:
        """How the audit trail names them."""
        return f"operator:{self.name}"


class LocalDesk:
    """Answers as the API does, by what answers there."""

    def __init__(self, handlers: Handlers, naming: Naming, operator: Operator) -> None:
        self._handlers = handlers
        self._naming = naming
        self._operator = operator

    async def reply(self, ask: Ask) -> Reply:
        """Return the answer, or the problem.

        Raises:
            StoreUnavailable: the store cannot be used.

        """
        endpoint = ask.endpoint
        try:
            said = dict(parse_qsl(ask.target.partition("?")[2]))
            query = checked_query(endpoint.query, said) if endpoint.query else None
            body = read(endpoint, ask.content)
            call = Call(
                *(endpoint, self._operator, "", self._naming, ask.path, query, body),
                ask.if_match,
            )
            answer = kept(endpoint, await self._handlers[endpoint.name](call))
        except StoreUnavailable:
            raise
        except SidecarError as error:
            answer = problem(error, "", "")
        return Reply(answer.status, answer.headers, answer.body)


@asynccontextmanager
async def local_desk(loaded: Loaded, operator: str) -> AsyncIterator[LocalDesk]:
    """Open the store for the length of the block.

    Raises:
        StoreUnproven: it is not ours, or not of this version.
        StoreUnavailable: it cannot be used.

    """
    who = Operator(ClientId(f"operator.{operator}"), operator, frozenset(Scope))
    async with backing(loaded, key_ring(loaded), utc_now, serves=False) as lent:
        yield LocalDesk(_handlers(loaded, lent.store, utc_now), naming(loaded), who)


def _handlers(loaded: Loaded, store: Store, clock: Clock) -> Handlers:
    """Return what answers operators: all that needs no running sidecar."""
    over = (store, clock)
    people, histories = People(*over), Histories(*over)
    levels = remembering(loaded.settings).among(loaded.levels)
    sign_outs = SignOuts(*over, idle=loaded.settings.session.idle, levels=levels)
    return {
        **ConfigCalls(Switching(*over)).handlers(),
        **UserCalls(Desk(Everybody(*over), people, sign_outs, histories)).handlers(),
        **AuthenticatorCalls(Holdings(*over)).handlers(),
        **InvitationCalls(people).handlers(),
        **moving_here(loaded, store, clock),
    }
