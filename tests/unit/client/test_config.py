"""Methods about what is configured of a person."""

import pytest

from sidecar.client.operations import Operations
from tests.unit.client.test_calls import Answering

CONFIG = {
    "user_id": "app:alice",
    "enabled": True,
    "required": False,
    "enrolled_at": None,
    "notified": [],
    "version": 3,
}


@pytest.mark.parametrize(("version", "etag"), [(None, ""), (0, '"0"'), (3, '"3"')])
async def test_a_version_becomes_a_condition(version: int | None, etag: str) -> None:
    """Versions, the first one included, show as the tag that the sidecar compares."""
    desk = Answering(200, CONFIG)
    config = await Operations(desk).change_config("alice", version=version)
    assert desk.asked[0].if_match == etag
    assert config.version == 3
