"""Bodies that are cheap to send and dear to read hold up nobody: all of it runs in one loop."""

import json
import time

import pytest

from sidecar.api.config import NewConfig
from sidecar.core.errors import SidecarError
from sidecar.web.management.reading import checked, parse

MEGABYTE = 1024 * 1024
ENOUGH_S = 5.0
"""Of processor time; all of these take a small part of a second, and took up to minutes."""

NAMES = [f'"{number:x}":0' for number in range(30_000)]
BODIES = {
    "the last name twice": "{" + ",".join([*NAMES, '"z":0', '"z":0']) + "}",
    "names that nobody knows": "{" + ",".join(NAMES) + "}",
    "contacts that are empty": '{"contacts":[' + ",".join(["{}"] * 340_000) + "]}",
    "contacts that are none": '{"contacts":[' + ",".join("0" * 500_000) + "]}",
    "one text with commas": json.dumps({"user_id": ",[{" * 300_000}),
}


@pytest.mark.threat(39, 69)
@pytest.mark.parametrize("body", BODIES.values(), ids=BODIES.keys())
def test_a_refusal_costs_no_more_than_a_reading(body: str) -> None:
    """THREATS 69: a megabyte of many names or values shows to be refused in no time."""
    began = time.process_time()
    with pytest.raises(SidecarError):
        checked(NewConfig, parse(body.encode(), MEGABYTE))
    assert time.process_time() - began < ENOUGH_S
