"""What many people hold, in few statements: an import and an export ask about hundreds at once."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Final

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from sidecar.core.directory import Holding
from sidecar.core.model import Account, Authenticator, Person
from sidecar.storage.accounts import account_of
from sidecar.storage.authenticators import SqlAuthenticators
from sidecar.storage.columns import of_people
from sidecar.storage.tables import accounts
from sidecar.storage.vault import Vault

_AT_A_TIME: Final = 500
"""People of one statement; a database takes no more than 32,766 values in one."""


async def holdings(
    connection: AsyncConnection, vault: Vault, people: Sequence[Person]
) -> Mapping[Person, Holding]:
    """Return what is known of each of these people; nothing is a value too."""
    known: dict[Person, Account] = {}
    held: defaultdict[Person, list[Authenticator]] = defaultdict(list)
    everything = SqlAuthenticators(connection, vault)
    for start in range(0, len(people), _AT_A_TIME):
        some = people[start : start + _AT_A_TIME]
        rows = await connection.execute(select(accounts).where(of_people(accounts, some)))
        known |= {account.person: account for account in map(account_of, rows)}
        for authenticator in await everything.of_all(some):
            held[authenticator.person].append(authenticator)
    return {person: Holding(known.get(person), tuple(held[person])) for person in people}
