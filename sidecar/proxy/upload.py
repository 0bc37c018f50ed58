"""The body of a request on its way to an application: whole, or as it goes on arriving."""

from collections.abc import Callable

from sidecar.core.errors import BodyTooLarge, SidecarError
from sidecar.proxy import heads
from sidecar.proxy.client import Request
from sidecar.proxy.connection import UpstreamConnection
from sidecar.proxy.faults import ClientGone
from sidecar.proxy.verdicts import Forward


def bounded(request: Request, most: int | None) -> None:
    """Return only if the body has no more bytes than it may, as far as can be known by now.

    Raises:
        BodyTooLarge: it announces more, or more have come.

    """
    if most is None:
        return
    announced = request.message.headers.get("Content-Length", "0")
    if int(announced) > most or request.payload.total_bytes > most:
        raise BodyTooLarge(f"a request body of more than {most} bytes")


def whole(request: Request) -> bytes:
    """Return a body that has arrived, framed as it goes on."""
    body = request.payload.read_nowait()
    if request.message.chunked:
        return (heads.chunk(body) if body else b"") + heads.LAST_CHUNK
    return body


async def upload(
    request: Request,
    forward: Forward,
    connection: UpstreamConnection,
    took: Callable[[UpstreamConnection], None],
) -> None:
    """The body was sent on as it came; where it breaks, the application sees it broken.

    `took` is called with each part that the application has taken.
    """
    chunked = request.message.chunked
    try:
        while connection.connected and (data := await request.payload.readany()):
            bounded(request, forward.max_body)
            if request.complete:
                await settled(forward)
            connection.write(heads.chunk(data) if chunked else data)
            took(connection)
            await connection.drained()
        await settled(forward)
    except (SidecarError, ClientGone) as error:
        connection.fail(error)
    else:
        if chunked:
            connection.write(heads.LAST_CHUNK)


async def settled(forward: Forward) -> None:
    """Whatever must be found out before the application has the whole request is."""
    wait = forward.before_end()
    if wait is not None:
        await wait
