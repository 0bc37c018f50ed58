"""What providers tell is believed once their transport checked it."""

from pathlib import Path

import pytest

from sidecar.core.errors import AccessDenied, NotFound, PluginFailed, TooManyAttempts
from sidecar.core.messages import Callback, Told
from sidecar.core.outbox import PostStatus
from sidecar.flows.receipts import CALLS
from sidecar.metrics.messages import MessageMetrics
from tests.unit.flows.sending import Post, posting
from tests.unit.metrics.counted import alone, told

CALL = Callback("POST", "https://shop.example.com/_sidecar/receipts/texts", (), b"")


async def hear(post: Post, name: str = "texts", network: str = "192.0.2.0/24") -> None:
    await post.scene.flows.receipts.hear(name, CALL, network)


@pytest.mark.parametrize(
    ("arrived", "status"), [(True, PostStatus.ARRIVED), (False, PostStatus.LOST)]
)
async def test_what_became_of_a_letter(post: Post, *, arrived: bool, status: PostStatus) -> None:
    """A provider's word shows a letter that arrived or was lost; what it never had, nothing."""
    visit = await post.confirmed()
    begun = await post.begin(visit)
    post.texts.says = (Told("unknown", arrived=True), Told("texts-1", arrived=arrived))
    await hear(post)
    assert await post.statuses(begun) == [status]


async def test_strangers_are_not_believed(post: Post) -> None:
    """A call that is not the provider's, or breaks its transport, shows a refusal."""
    visit = await post.confirmed()
    begun = await post.begin(visit)
    post.texts.says = (Told("texts-1", arrived=False),)
    post.texts.broken = AccessDenied("no signature")
    with pytest.raises(AccessDenied):
        await hear(post)
    post.texts.broken = ValueError("malformed")
    with pytest.raises(PluginFailed):
        await hear(post)
    assert await post.statuses(begun) == [PostStatus.SENT]


async def test_nobody_waits_there(post: Post) -> None:
    """A transport that is not there, or tells nothing, shows the same answer."""
    post.texts.receipts = False
    for name in ("texts", "gone", ""):
        with pytest.raises(NotFound):
            await hear(post, name)


async def test_calls_are_bounded(post: Post) -> None:
    """A network that calls without end shows a limit; another one is still heard."""
    for _ in range(CALLS.limit):
        await hear(post)
    with pytest.raises(TooManyAttempts):
        await hear(post)
    await hear(post, network="198.51.100.0/24")


async def test_all_of_it_is_counted(folder: Path) -> None:
    """What is sent, fails and is told shows up in the numbers."""
    metrics = alone()
    async with posting(folder, counts=MessageMetrics(metrics)) as post:
        visit = await post.confirmed()
        await post.begin(visit)
        post.texts.says = (Told("texts-1", arrived=True), Told("x", arrived=True))
        await hear(post)
        await post.scene.flows.deliveries.carrier.tell_usage()
    labels = {"transport": "texts", "channel": "sms", "outcome": "sent"}
    assert told(metrics, "sidecar_messages_total", **labels) == 3  # one of them is a notice
    for heard in ("arrived", "unknown"):
        labels = {"transport": "texts", "heard": heard}
        assert told(metrics, "sidecar_message_receipts_total", **labels) == 1
