"""Methods about the API itself, at a desk that answers as the sidecar does."""

from sidecar.client.operations import Operations
from tests.unit.client.test_calls import Answering


async def test_a_description_is_read_and_text_is_left_alone() -> None:
    """The description shows as data; metrics and the page show as they came."""
    sidecar = Operations(Answering(200, {"openapi": "3.1.0"}))
    assert await sidecar.openapi() == {"openapi": "3.1.0"}
    assert await sidecar.metrics() == '{"openapi": "3.1.0"}'
    assert await sidecar.docs() == '{"openapi": "3.1.0"}'
