"""People move in and out over the API."""

import json
from collections.abc import AsyncIterator
from io import BytesIO

import pytest

from sidecar.api import porting as api
from sidecar.core.model import Person
from sidecar.core.seeds import base32, uri
from sidecar.transfer.carried import to_base64
from sidecar.transfer.keys import make_recipient, owner
from sidecar.transfer.rows import Row
from sidecar.transfer.sealed import unseal
from sidecar.web.management.call import Handlers
from sidecar.web.management.cursors import pack
from sidecar.web.management.porting import PortingCalls
from tests.unit.flows.moving import DOMAIN, KEY, OTHER, SEED, exports, imports
from tests.unit.flows.scene import Scene, quick_folder, scene
from tests.unit.web.management.desk import Desk, desk_of

PUBLIC, PRIVATE = make_recipient()
SECRET = base32(SEED.secret)
MATERIAL = {
    "credential_id": to_base64(KEY.credential_id),
    "public_key": to_base64(KEY.public_key),
    "sign_count": 3,
    "state": json.dumps({"rp_id": DOMAIN, "transports": ["usb"]}),
}


@pytest.fixture
async def desk() -> AsyncIterator[Desk]:
    with quick_folder() as folder:
        async with scene(folder) as here, desk_of(here, api.ENDPOINTS, handlers) as opened:
            yield opened


def handlers(here: Scene) -> Handlers:
    return PortingCalls(lambda: imports(here), lambda: exports(here)).handlers()


async def test_people_come_in_by_every_kind_of_entry(desk: Desk) -> None:
    """A URI, a secret with its parameters and a public key show as added, each in its place, and
    as unchanged when they are sent again.
    """
    entries = [
        {"user_id": "shop:ada", "otpauth": uri(SEED, "Old", "ada")},
        {
            "user_id": "grace",
            "realm": "shop",
            "secret": base32(OTHER.secret).lower(),
            "algorithm": OTHER.algorithm,
            "digits": OTHER.digits,
            "period": OTHER.period_s,
            "name": " blue\u2028 phone ",
            "created_at": "2020-01-31T12:00:00+01:00",
        },
        {"user_id": "shop:ada", "public_key": MATERIAL, "factor": "keys"},
    ]
    done = await desk.call(api.IMPORT, {"entries": entries}, by="mover")
    assert (done.said["added"], done.said["unchanged"], done.said["refused"]) == (3, 0, 0)
    assert done.said["results"][1] == {
        "index": 1,
        "pointer": "/entries/1",
        "user_id": "grace",
        "status": "added",
        "reason": None,
    }
    (grace,) = await desk.scene.held(Person("shop", "grace"))
    assert (grace.name, f"{grace.created_at:%F %R}") == ("blue phone", "2020-01-31 11:00")
    held = await desk.scene.held(Person("shop", "ada"))
    assert {one.factor for one in held} == {"totp", "keys"}
    assert KEY in [one.material for one in held]
    events = (await desk.scene.people.show(Person("shop", "ada"))).events
    assert {one.actor for one in events} == {"api:mover"}
    again = await desk.call(api.IMPORT, {"entries": entries})
    assert again.said["unchanged"] == 3


@pytest.mark.parametrize(
    ("odd", "said"),
    [
        ({}, "give exactly one"),
        ({"secret": SECRET, "otpauth": uri(SEED, "", "a")}, "give exactly one"),
        ({"otpauth": uri(SEED, "", "a"), "digits": 8}, "leave them out"),
        ({"secret": "no base 32!"}, "base32"),
        ({"secret": SECRET[:16]}, "too short"),
        ({"otpauth": f"otpauth://hotp/a?secret={SECRET}"}, "hotp"),
        ({"secret": SECRET, "factor": "sms"}, "no factor 'sms'"),
        ({"secret": SECRET, "realm": "x"}, "no such realm"),
        ({"public_key": {**MATERIAL, "credential_id": "?"}, "factor": "keys"}, "cut off"),
        ({"public_key": {**MATERIAL, "state": "[]"}, "factor": "keys"}, "no JSON object"),
        ({"public_key": MATERIAL}, "no factor takes it"),
    ],
)
async def test_a_bad_entry_is_refused_alone(desk: Desk, odd: dict[str, object], said: str) -> None:
    """An entry that cannot be taken shows its place and a reason without the secret; the others
    are added.
    """
    entries = [{"user_id": "shop:a", "secret": SECRET}, {"user_id": "shop:b", **odd}]
    done = await desk.call(api.IMPORT, {"entries": entries})
    assert (done.status, done.said["added"], done.said["refused"]) == (200, 1, 1)
    told = done.said["results"][1]
    assert (told["status"], told["pointer"]) == ("refused", "/entries/1")
    assert said in told["reason"]
    assert SECRET not in json.dumps(done.said)


async def test_a_dry_run_changes_nothing(desk: Desk) -> None:
    """A dry run shows what would be, and nobody afterwards."""
    entries = [{"user_id": "shop:ada", "secret": SECRET}]
    done = await desk.call(api.IMPORT, {"entries": entries, "dry_run": True})
    assert done.said["added"] == 1
    assert await desk.scene.held() == ()


async def test_a_call_that_is_sent_again_is_answered_as_before(desk: Desk) -> None:
    """Under one key, the second call shows the first one's answer: added, not unchanged."""
    entries = [{"user_id": "shop:ada", "secret": SECRET}]
    for _ in range(2):
        done = await desk.call(
            api.IMPORT, {"entries": entries}, headers={"Idempotency-Key": "import-1"}
        )
        assert done.said["added"] == 1


async def test_people_go_out_page_by_page(desk: Desk) -> None:
    """The lines of all pages show the whole file, also past names that are hard to spell."""
    names = ["shop:ada", f"shop:{'é' * 127}", "shop:\ue000", "club:ada"]
    entries = [{"user_id": name, "secret": SECRET} for name in names]
    await desk.call(api.IMPORT, {"entries": entries})
    lines: list[str] = []
    sent: dict[str, object] = {"recipient": PUBLIC, "limit": 1}
    while True:
        page = (await desk.call(api.EXPORT, sent)).said
        lines += page["lines"]
        if page["next"] is None:
            break
        sent["cursor"] = page["next"]
    rows = list(unseal(BytesIO("\n".join(lines).encode()), owner(PRIVATE)))
    assert [row.portable.user_id for row in rows if isinstance(row, Row)] == sorted(names)
    assert SECRET not in "".join(lines)


@pytest.mark.parametrize(
    "cursor",
    [
        "x",
        pack("1", "shop"),
        pack("one", to_base64(b"shop"), to_base64(b"ada")),
        pack("1", "?", "?"),
        pack("1", to_base64(b"shop"), to_base64(b"a\0")),
        pack("1", to_base64(b"shop"), to_base64(b"\xff")),
        pack("1" * 20, to_base64(b"shop"), to_base64(b"ada")),
    ],
)
async def test_a_cursor_of_nobody_is_refused(desk: Desk, cursor: str) -> None:
    """A cursor that no page gave shows a fault at its place."""
    told = await desk.call(api.EXPORT, {"recipient": PUBLIC, "cursor": cursor})
    assert (told.slug, told.said["errors"][0]["pointer"]) == ("input-invalid", "/cursor")


async def test_a_point_off_its_curve_is_no_recipient(desk: Desk) -> None:
    """A key that nobody can have shows a fault at its place, and nothing in the trail."""
    odd = {**PUBLIC, "x": PUBLIC["y"], "y": PUBLIC["x"]}
    told = await desk.call(api.EXPORT, {"recipient": odd})
    assert (told.slug, told.said["errors"][0]["pointer"]) == ("input-invalid", "/recipient")
