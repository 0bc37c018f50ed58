"""Methods about people."""

from sidecar.client.operations import Operations
from tests.unit.client.test_calls import Answering


async def test_a_new_name_is_no_old_one() -> None:
    """Renaming shows the old name in the path, and the new one in the body."""
    user = {
        "user_id": "app:alice.smith",
        "enabled": True,
        "required": False,
        "created_at": "2026-01-30T09:30:00Z",
        "enrolled_at": None,
    }
    desk = Answering(200, user)
    renamed = await Operations(desk).rename_user("alice", "alice.smith")
    assert (desk.asked[0].path, desk.asked[0].body) == (
        {"user_id": "alice"},
        {"user_id": "alice.smith"},
    )
    assert renamed.user_id == "app:alice.smith"
