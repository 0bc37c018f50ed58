"""`python -m sidecar.demo`: Harbour alone."""

import subprocess
import sys
import urllib.request

from tests.tools.ports import free_ports, wait_for

START_S = 20


def test_harbour_serves_alone() -> None:
    """The module run as a program shows that Harbour serves, and ends when it is told to."""
    (port,) = free_ports(1)
    command = (sys.executable, "-m", "sidecar.demo", "--port", str(port))
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    try:
        wait_for(port, START_S)
        with urllib.request.urlopen(f"http://localhost:{port}/whoami", timeout=START_S) as answer:
            assert answer.read() == b'{"user": null}'
        process.terminate()
        assert process.wait(START_S) == 0
    finally:
        process.kill()
        process.wait()
