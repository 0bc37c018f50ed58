"""Ports of this machine for processes that a test starts."""

import socket
import time

POLL_S = 0.05


def free_ports(count: int) -> list[int]:
    """So many different ports that nobody listens on now."""
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [listening.getsockname()[1] for listening in sockets]
    for listening in sockets:
        listening.close()
    return ports


def wait_for(port: int, seconds: float) -> None:
    """Somebody listens on the port.

    Raises:
        TimeoutError: nobody did within so many seconds.
    """
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
        except OSError:
            time.sleep(POLL_S)
        else:
            return
    raise TimeoutError(f"nobody listens on port {port} after {seconds} s")
