"""Methods by which people move in and out."""

from collections.abc import Sequence

from sidecar.api import porting as api
from sidecar.client.calls import Calls
from sidecar.client.desk import Ask


class Porting(Calls):
    """People come from other systems, and go there."""

    async def import_users(
        self, entries: Sequence[api.MovedEntry], *, dry_run: bool = False
    ) -> api.UsersImported:
        """Each entry is added, or there already, or refused; those of a person belong together."""
        body = {"entries": entries, "dry_run": dry_run}
        return await self.call(Ask(api.IMPORT, body=body), api.UsersImported)

    async def export_users(
        self, recipient: api.Recipient, *, limit: int = 100, cursor: str | None = None
    ) -> api.UsersExported:
        """Return a page of lines; those of all pages, in their order, are the file."""
        body = {"recipient": recipient, "limit": limit, "cursor": cursor}
        return await self.call(Ask(api.EXPORT, body=body), api.UsersExported)
