"""`sidecar replicas`: which processes serve this installation, and how far each has read."""

import typer

from sidecar.cli.desk import Json
from sidecar.cli.loading import DEFAULT_PATH, ConfigOption, load
from sidecar.cli.opening import with_store
from sidecar.cli.showing import Told, show, table
from sidecar.core.replicas import Beaten
from sidecar.settings.load import Loaded
from sidecar.storage.sql import SqlStore

app = typer.Typer()
COLUMNS = "ID STATE PLACE VERSION STARTED BEAT BEHIND KEYS"
SHOWN_OF_ID = 8
ALONE = "replicas: 1 is written, so that no process says that it is there"
NONE = "no process runs, or none has been able to write for a minute"


@app.command("replicas")
def replicas(*, config: ConfigOption = DEFAULT_PATH, as_json: Json = False) -> None:
    """Print the processes of all replicas; exit 1 where one that lives has other keys.

    BEHIND is how many rows of the feed of revocations a process has yet to read.

    The first of its keys seals.
    """
    loaded = load(config)
    found, last = _known(loaded)
    rings = {one.replica.keys for one in found if one.live}
    show(
        Told(
            [_told(one, last) for one in found],
            (table(COLUMNS, (_row(one, last) for one in found)),),
            _aside(loaded, found, differ=len(rings) > 1),
        ),
        as_json=as_json,
    )
    if len(rings) > 1:
        raise typer.Exit(1)


def _aside(loaded: Loaded, found: tuple[Beaten, ...], *, differ: bool) -> str:
    if differ:
        return "the processes have different keys: finish the rollout before the next step"
    if found:
        return ""
    return ALONE if loaded.settings.replicas == 1 else NONE


def _told(one: Beaten, last: int) -> dict[str, object]:
    replica = one.replica
    return {
        "id": replica.id,
        "live": one.live,
        "place": replica.place,
        "version": replica.version,
        "started_at": one.started_at,
        "age_s": round(one.age.total_seconds(), 3),
        "sequence": replica.sequence,
        "behind": max(0, last - replica.sequence),
        "keys": replica.keys,
    }


def _row(one: Beaten, last: int) -> tuple[object, ...]:
    replica = one.replica
    return (
        replica.id[:SHOWN_OF_ID],
        "live" if one.live else "silent",
        replica.place,
        replica.version,
        one.started_at,
        f"{one.age.total_seconds():.1f}s ago",
        max(0, last - replica.sequence),
        " ".join(replica.keys),
    )


def _known(loaded: Loaded) -> tuple[tuple[Beaten, ...], int]:
    """Return all processes that are known, and the last number of the feed."""

    async def look(store: SqlStore) -> tuple[tuple[Beaten, ...], int]:
        async with store.read() as tx:
            return await tx.replicas.all(), await tx.feed.last()

    return with_store(loaded, look)
