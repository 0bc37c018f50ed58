"""`sidecar serve`: starts when everything is proven, tells what is wrong, stops when told to."""

import asyncio
import gc
import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path
from urllib.request import urlopen

import pytest
import yaml

from sidecar.cli.serve import COLLECTED_AFTER, _collect_rarely, care
from sidecar.clock import utc_now
from sidecar.settings.load import Loaded, load_settings
from sidecar.storage.setup import migrate_up
from sidecar.wiring import key_ring
from tests.clock import ManualClock
from tests.tools.ports import free_ports, wait_for
from tests.unit.cli.conftest import a_broken_plugin
from tests.unit.flows.scene import quick_folder
from tests.world import KEY, settings_for

START_S = 40
DRAINED_S = 25
"""Less than the drain that nobody wrote."""


@pytest.fixture
def folder() -> Iterator[Path]:
    with quick_folder() as made:
        yield made


def configured(folder: Path, port: int, **changes: object) -> Loaded:
    file = folder / "sidecar.yaml"
    file.write_text(yaml.safe_dump(settings_for("http://127.0.0.1:9", folder, port, changes)))
    return load_settings(file, {"TEST_KEY": KEY}, ManualClock()())


def with_store(loaded: Loaded) -> Loaded:
    made = migrate_up(loaded.settings.storage.database, key_ring(loaded), utc_now, create=True)
    with ThreadPoolExecutor(1) as beside:
        beside.submit(asyncio.run, made).result()
    return loaded


def serving(folder: Path) -> "subprocess.Popen[str]":
    command = (sys.executable, "-m", "sidecar", "serve", "-c", str(folder / "sidecar.yaml"))
    return subprocess.Popen(
        command,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "TEST_KEY": KEY},
    )


def lines_until_started(process: "subprocess.Popen[str]", workers: int) -> list[str]:
    """Return what was told until so many workers had started."""
    assert process.stderr is not None
    lines: list[str] = []
    while sum("sidecar.started" in line for line in lines) < workers:
        lines.append(process.stderr.readline())
        assert lines[-1], lines  # it ended
    return lines


def refused(folder: Path) -> str:
    """Return what a start that must fail printed."""
    process = serving(folder)
    try:
        told = process.communicate(timeout=START_S)[1]
    finally:
        process.kill()
    assert process.returncode == 78, told
    assert "Traceback" not in told
    return told


@pytest.mark.parametrize("workers", [1, 2])
def test_without_a_store_it_does_not_start(folder: Path, workers: int) -> None:
    """A missing database shows status 78, what is wrong and what to run; nothing is created."""
    configured(folder, *free_ports(1), workers=workers)
    told = refused(folder)
    assert told.count("storage.database: there is no database") == 1
    assert "try: sidecar migrate up --create" in told
    assert not (folder / "sidecar.db").exists()


@pytest.mark.parametrize("workers", [1, 2])
def test_a_taken_address_is_told_in_one_line(folder: Path, workers: int) -> None:
    """An address that somebody else has, shared or not, shows status 78 and the address, once."""
    with socket.create_server(("127.0.0.1", 0), reuse_port=True) as taken:
        port = taken.getsockname()[1]
        with_store(configured(folder, port, workers=workers))
        told = refused(folder)
        assert (told.count("listen: "), str(port) in told) == (1, True)


def test_a_faulty_file_is_told_with_its_lines(folder: Path) -> None:
    """A file with a mistake shows status 78 and the place of the mistake."""
    configured(folder, 0)
    file = folder / "sidecar.yaml"
    file.write_text(file.read_text() + "sesion: {}\n")
    assert "did you mean" in refused(folder)


@pytest.mark.parametrize("workers", [1, 2])
def test_a_faulty_template_of_a_plugin_is_told_with_its_line(
    folder: Path, workers: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A plugin's template with a fault shows status 78 and where it is, once."""
    name = f"odd_served_by_{workers}"
    template = a_broken_plugin(folder, name)
    monkeypatch.syspath_prepend(str(folder))
    monkeypatch.setenv("PYTHONPATH", f"{folder}:{os.environ.get('PYTHONPATH', '')}")
    factors = {"totp": {"plugin": f"{name}:PLUGIN", "issuer": "Shop"}}
    with_store(configured(folder, *free_ports(1), factors=factors, workers=workers))
    assert refused(folder).count(f"{template}:2: ") == 1


@pytest.mark.parametrize("wanted", [signal.SIGTERM, signal.SIGINT])
def test_it_serves_until_told_to_stop(folder: Path, wanted: signal.Signals) -> None:
    """A signal shows a clean end with status 0; every line of its log is JSON."""
    (port,) = free_ports(1)
    with_store(configured(folder, port, logging={"format": "json"}))
    process = serving(folder)
    try:
        wait_for(port, START_S)
        process.send_signal(wanted)
        told = process.communicate(timeout=START_S)[1]
    finally:
        process.kill()
    assert process.returncode == 0, told
    events = [json.loads(line)["event"] for line in told.splitlines() if line.startswith("{")]
    assert events == ["sidecar.started", "sidecar.draining", "sidecar.stopped"]


def test_workers_serve_until_told_to_stop(folder: Path) -> None:
    """Two workers show what one shows, each line under its worker's number."""
    (port,) = free_ports(1)
    with_store(configured(folder, port, workers=2, logging={"format": "json"}))
    process = serving(folder)
    try:
        lines = lines_until_started(process, 2)
        process.send_signal(signal.SIGTERM)
        lines += process.communicate(timeout=START_S)[1].splitlines()
    finally:
        process.kill()
    assert process.returncode == 0, lines
    told = [json.loads(line) for line in lines]
    for worker in (0, 1):
        assert [line["event"] for line in told if line["worker"] == worker] == [
            "worker.started",
            *("sidecar.started", "sidecar.draining", "sidecar.stopped"),
        ]


def test_any_worker_tells_the_numbers_of_all(folder: Path) -> None:
    """Metrics of two workers, asked of whichever answers, show both of them and each process."""
    port, probes = free_ports(2)
    listen = {"public": f"127.0.0.1:{port}", "probes": f"127.0.0.1:{probes}"}
    with_store(configured(folder, port, workers=2, listen=listen, logging={"format": "json"}))
    process = serving(folder)
    try:
        lines_until_started(process, 2)
        with urlopen(f"http://127.0.0.1:{probes}/metrics") as answer:
            told = answer.read().decode()
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=START_S)
    finally:
        process.kill()
    assert "sidecar_workers 2.0" in told
    assert "sidecar_workers_up 2.0" in told
    for worker in (0, 1):
        assert f'process_resident_memory_bytes{{worker="{worker}"}}' in told


def test_a_stop_cuts_what_lasts_longer_than_the_drain(folder: Path) -> None:
    """A request whose application never answers shows that the stop waits as long as it is told,
    and cuts it: no time at all is less than the half minute that nobody wrote.
    """
    (port,) = free_ports(1)
    with socket.create_server(("127.0.0.1", 0)) as application:
        application.settimeout(START_S)
        upstream = {"shop": f"http://127.0.0.1:{application.getsockname()[1]}"}
        json_lines = {"format": "json"}
        changes = {"upstreams": upstream, "drain": "0s", "logging": json_lines}
        with_store(configured(folder, port, **changes))
        process = serving(folder)
        try:
            wait_for(port, START_S)
            with socket.create_connection(("127.0.0.1", port)) as client:
                client.sendall(b"GET /open/x HTTP/1.1\r\nHost: app.test\r\n\r\n")
                asked, _ = application.accept()  # and never answers
                process.send_signal(signal.SIGTERM)
                told = process.communicate(timeout=DRAINED_S)[1]
                asked.close()
        finally:
            process.kill()
    events = [json.loads(line)["event"] for line in told.splitlines() if line.startswith("{")]
    assert "listener.cut" in events
    assert events[-1] == "sidecar.stopped"


def test_the_supervisor_waits_longer_than_a_drain() -> None:
    """Any drain shows a supervisor that kills nobody who still finishes what was begun."""
    assert care(timedelta(minutes=2)).patience_s > 120
    assert care(timedelta()).patience_s > 0


def test_requests_under_way_are_no_garbage() -> None:
    """What serves shows a collector that is on, leaves alone what was there, and seldom looks."""
    before = gc.get_threshold()
    try:
        gc.disable()
        _collect_rarely()
        assert (gc.isenabled(), gc.get_threshold()[0]) == (True, COLLECTED_AFTER)
        assert gc.get_freeze_count() > 0
    finally:
        gc.unfreeze()
        gc.set_threshold(*before)
        gc.enable()
