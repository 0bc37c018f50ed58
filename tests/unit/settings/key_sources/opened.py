"""Configurations with one key from somewhere: the key that is found, or what is said instead."""

import asyncio
import base64
from collections.abc import Mapping
from typing import Final

import pytest

from sidecar.settings.faults import ConfigError
from tests.unit.settings import build

DRAWN: Final = bytes(7 * n * n % 256 ^ n * 13 % 256 for n in range(32))
TEXT: Final = base64.b64encode(DRAWN).decode()
SOON: Final = "200ms"
EVER: Final = "40s"
"""So long a busy machine may take; nothing that is shown here waits for it."""

Source = Mapping[str, object]


async def opened(source: Source, env: Mapping[str, str] = build.ENV) -> bytes:
    """Return the bytes of the key; what is asked for it may be served by the test's own loop."""
    keys = [{"id": "k", "from": dict(source)}]
    loaded = await asyncio.to_thread(lambda: build.load(env, keys=keys))
    return loaded.keys[0].secret


async def refused(source: Source, env: Mapping[str, str] = build.ENV) -> str:
    """Return the one thing that is said about a key that cannot be had."""
    keys = [{"id": "k", "from": dict(source)}]
    (told,) = await asyncio.to_thread(lambda: build.faults(env, keys=keys))
    assert TEXT not in told
    return told


async def passes(source: Source, env: Mapping[str, str] = build.ENV) -> bool:
    """Tell whether another start may find the key, with the configuration as it is."""
    keys = [{"id": "k", "from": dict(source)}]
    with pytest.raises(ConfigError) as caught:
        await asyncio.to_thread(lambda: build.load(env, keys=keys))
    return caught.value.passing
