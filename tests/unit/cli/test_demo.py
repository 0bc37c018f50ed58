"""`sidecar demo` as its users start it: one command, then a browser."""

import http.client
import json
import re
import signal
import socket
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.tools.ports import free_ports

START_S = 40
STOP_S = 15

pytestmark = [pytest.mark.slow, pytest.mark.timeout(3 * START_S)]


@dataclass(frozen=True, slots=True)
class Demo:
    process: subprocess.Popen[str]
    banner: str

    def stopped(self) -> int:
        """The exit status after Ctrl-C."""
        self.process.send_signal(signal.SIGINT)
        return self.process.wait(STOP_S)


def command(folder: Path, port: int) -> tuple[str, ...]:
    return (sys.executable, "-m", "sidecar", "demo", "--folder", str(folder), "--port", str(port))


@contextmanager
def demo(folder: Path, port: int) -> Iterator[Demo]:
    """A running demo that has told its address."""
    process = subprocess.Popen(
        command(folder, port), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )
    try:
        assert process.stdout is not None
        banner = ""
        for line in process.stdout:
            banner += line
            if "Ctrl-C" in line:
                break
        yield Demo(process, banner)
    finally:
        process.kill()
        process.communicate()


class Stay(urllib.request.HTTPRedirectHandler):
    """Redirects are answers to look at, not to follow."""

    def redirect_request(self, *_: object) -> None:
        return None


def get(port: int, path: str) -> tuple[int, str]:
    """Status and place of the answer to a visitor whom nobody knows."""
    request = urllib.request.Request(
        f"http://localhost:{port}{path}", headers={"Accept": "text/html"}
    )
    try:
        with urllib.request.build_opener(Stay).open(request, timeout=10) as answer:
            return answer.status, ""
    except urllib.error.HTTPError as refused:
        with refused:
            return refused.code, refused.headers.get("Location", "")


def managed(banner: str, folder: Path) -> dict[str, object]:
    """What the management API says of somebody, asked as the banner tells."""
    found = re.search(r"http://localhost:(\d+)/docs", banner)
    assert found is not None
    token = (folder / "token").read_text().strip()
    connection = http.client.HTTPConnection("localhost", int(found[1]), timeout=10)
    connection.request("GET", "/status/ada", headers={"Authorization": f"Bearer {token}"})
    told: dict[str, object] = json.load(connection.getresponse())
    connection.close()
    return told


def test_one_command_is_enough_and_a_second_run_keeps_everything(tmp_path: Path) -> None:
    """Two runs on one folder show that the demo serves, tells its logins, ends, keeps its data."""
    (port,) = free_ports(1)
    folder = tmp_path / "demo"
    with demo(folder, port) as first:
        assert f"http://localhost:{port}" in first.banner
        assert "ada / engine-room" in first.banner
        assert get(port, "/login")[0] == 200
        assert get(port, "/notes") == (303, f"http://localhost:{port}/login")
        assert managed(first.banner, folder)["user_id"] == "harbour:ada"
        assert first.stopped() == 0
    key = (folder / "key").read_bytes()
    with demo(folder, port) as second:
        assert get(port, "/login")[0] == 200
        assert second.stopped() == 0
    assert (folder / "key").read_bytes() == key


def test_its_secrets_are_its_owners(tmp_path: Path) -> None:
    """The files of a run show that key and database are readable by their owner only."""
    (port,) = free_ports(1)
    with demo(tmp_path / "demo", port) as running:
        running.stopped()
    modes = {path.name: path.stat().st_mode & 0o077 for path in (tmp_path / "demo").iterdir()}
    assert modes["key"] == 0
    assert modes["sidecar.db"] == 0
    assert modes["token"] == 0


def test_a_lost_key_is_told_and_nothing_is_made_anew(tmp_path: Path) -> None:
    """A second run without the first one's key shows that it ends with 78, the database kept."""
    (port,) = free_ports(1)
    folder = tmp_path / "demo"
    with demo(folder, port) as running:
        running.stopped()
    (folder / "key").unlink()
    before = (folder / "sidecar.db").stat().st_ino
    done = subprocess.run(
        command(folder, port), capture_output=True, text=True, timeout=START_S, check=False
    )
    assert done.returncode == 78, done.stderr
    assert (folder / "sidecar.db").stat().st_ino == before


def test_a_port_that_is_taken_is_told_before_anything_is_promised(tmp_path: Path) -> None:
    """A port of somebody else's shows a refusal alone, no address that is not the demo's."""
    with socket.create_server(("127.0.0.1", 0)) as somebody:
        port = somebody.getsockname()[1]
        done = subprocess.run(
            command(tmp_path, port), capture_output=True, text=True, timeout=START_S, check=False
        )
    told = f"Port {port} is taken; name another with --port.\n"
    assert (done.returncode, done.stdout, done.stderr) == (1, "", told)
