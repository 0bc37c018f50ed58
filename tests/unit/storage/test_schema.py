"""Twin of sidecar/storage/schema.py."""

from pathlib import Path

from sidecar.storage import canary, revisions, schema, sqlite


async def test_up_and_down_again(tmp_path: Path) -> None:
    """A schema moved up and down shows the newest revision, then no table of ours."""
    path = tmp_path / "sidecar.db"
    path.touch()
    writer = sqlite.writer(path, foreign_keys=False)
    async with writer.begin() as connection:
        await schema.upgrade(connection)
        assert (await revisions.schema_of(connection)).revision == revisions.REVISIONS[-1]
    async with writer.begin() as connection:
        await schema.downgrade(connection, "base")
        assert (await revisions.schema_of(connection)).revision is None
        assert not await canary.has_tables(connection)
    await writer.dispose()
