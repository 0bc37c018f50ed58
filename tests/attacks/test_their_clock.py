"""The time of a client: whatever it says, ours counts."""

from email.utils import format_datetime
from pathlib import Path
from urllib.parse import urlencode

import pytest

from tests.somebody import somebody
from tests.visitor import NAVIGATION
from tests.world import world


@pytest.mark.conforms("ASVS-6.5.8")
async def test_a_code_is_judged_by_our_time(tmp_path: Path) -> None:
    """A code of an hour ago, with headers and fields that say it is an hour ago, shows a refusal;
    one of now, from a client that says so, is taken.
    """
    async with world(tmp_path) as here:
        who = await somebody(here, "pending")
        old, then = who.visitor.code(), here.clock()
        here.clock.travel(hours=1)
        said = format_datetime(then, usegmt=True)
        stamps = {"Date": said, "If-Modified-Since": said, "X-Timestamp": str(then.timestamp())}
        for code, status in ((old, 422), (who.visitor.code(), 303)):
            page = await who.visitor.open("/secret")
            form = page.form("challenge/answer")
            now = str(int(then.timestamp()))
            fields = {**form.fields, "code": code, "now": now, "timestamp": now, "time": now}
            answer = await who.visitor.send(
                "POST",
                form.action,
                headers={
                    **NAVIGATION,
                    **stamps,
                    "Origin": here.origin,
                    "Content-Type": "application/x-www-form-urlencoded",
                },
                data=urlencode(fields),
            )
            assert answer.status == status
