"""What people and applications say is put into templates, and never made one."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from sidecar.core.messages import Message
from tests.mailbox import written
from tests.posts import MAIL, post
from tests.somebody import somebody
from tests.unit.test_letters import SAID
from tests.world import World, world

SPELLS = ("{{ 7*7 }}", "{% if 1 %}49{% endif %}", "{{ self }}", "{# gone #}", "%(app)s")
NAMES = [f"spell {spell}" for spell in SPELLS]


@pytest.fixture
async def here(tmp_path: Path) -> AsyncIterator[World]:
    """A sidecar with the pages of every person."""
    async with world(tmp_path) as made:
        yield made


@pytest.mark.threat(31)
@pytest.mark.conforms("ASVS-1.3.7")
async def test_a_name_on_a_page_is_no_template(here: World) -> None:
    """Names in the grammar of templates show on the account page as they were typed."""
    who = await somebody(here, "proven")
    async with here.sidecar.store.read() as tx:
        (item,) = await tx.authenticators.of(who.person)
    for name in NAMES:
        await who.post("account/rename", authenticator=item.id, name=name)
        assert f"<bdi>{name}</bdi>" in (await who.visitor.open("/_sidecar/account")).text


@pytest.mark.conforms("ASVS-1.3.7")
async def test_what_comes_in_an_address_is_no_template(here: World) -> None:
    """An invitation in the grammar of templates shows in its field as it was typed."""
    who = await somebody(here, "identified")
    for spell in SPELLS:
        page = await who.visitor.open("/secret")
        page = await who.visitor.submit(page, "enroll/begin", invitation=spell)
        assert page.form("enroll/begin").fields["invitation"] == spell


@pytest.mark.conforms("ASVS-1.3.7")
@pytest.mark.parametrize("name", NAMES)
def test_a_name_in_a_letter_is_no_template(name: str) -> None:
    """Names of methods and of people show in letters as they are, but for what looks like links."""
    message = Message("email", "authenticator_added", MAIL, {**SAID, "what": name})
    letter = written().write(post(message=message, account=name))
    assert letter.text.count(name) >= 2
