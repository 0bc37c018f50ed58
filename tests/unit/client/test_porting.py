"""Methods by which people move in and out."""

import json

from sidecar.api.porting import MovedEntry, Recipient
from sidecar.client.operations import Operations
from tests.unit.client.test_calls import Answering

PAGE: dict[str, object] = {"lines": ["one"], "left": 2, "next": "abc"}


async def test_entries_are_sent_as_they_are_written() -> None:
    """What was left out of an entry shows as said to be nothing, and the answer is read."""
    desk = Answering(200, {"added": 0, "unchanged": 0, "refused": 0, "results": []})
    done = await Operations(desk).import_users([MovedEntry(user_id="ada", secret="A" * 26)])
    (sent,) = json.loads(desk.asked[0].content)["entries"]
    assert {name: value for name, value in sent.items() if value is not None} == {
        "user_id": "ada",
        "secret": "A" * 26,
    }
    assert done.added == 0
    assert "A" * 26 not in repr(desk.asked[0])


async def test_a_page_of_an_export_leads_to_the_next() -> None:
    """The cursor of a page shows in the call for the next one."""
    desk = Answering(200, PAGE)
    key = Recipient(kty="OKP", crv="X25519", x="A" * 43)
    page = await Operations(desk).export_users(key, limit=1)
    assert (page.lines, page.left) == (("one",), 2)
    await Operations(desk).export_users(key, cursor=page.next)
    assert json.loads(desk.asked[1].content)["cursor"] == "abc"
