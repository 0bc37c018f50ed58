"""Twin of sidecar/proxy/parser_guard.py."""

import os
import subprocess
import sys

import aiohttp
import pytest

from sidecar.proxy import parser_guard


def test_this_aiohttp_is_fit() -> None:
    """Shows that the installed aiohttp does all that the front builds on."""
    assert parser_guard.faults() == ()


@pytest.mark.parametrize("version", ["3.14.4", "3.15.0", "4.0.0a1", "3.14"])
def test_other_versions(monkeypatch: pytest.MonkeyPatch, version: str) -> None:
    """Shows that a version nobody tested is refused."""
    monkeypatch.setattr(aiohttp, "__version__", version)
    assert "tested range" in parser_guard.faults()[0]


def test_names(monkeypatch: pytest.MonkeyPatch) -> None:
    """Shows that a private name that is gone is named."""
    monkeypatch.setattr(parser_guard, "BODY_NAMES", ("set_exception", "gone"))
    assert parser_guard.faults() == ("aiohttp changed: StreamReader.gone is gone",)


def test_python_parser() -> None:
    """Shows that the parser in Python, which reads some requests differently, is refused."""
    code = "from sidecar.proxy import parser_guard as g; print(g.faults())"
    done = subprocess.run(
        [sys.executable, "-c", code],
        env={**os.environ, "AIOHTTP_NO_EXTENSIONS": "1"},
        capture_output=True,
        text=True,
        timeout=30,
        check=True,
    )
    assert "without its C parser and writer" in done.stdout
