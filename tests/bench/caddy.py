"""Caddy, as others would put it there: `reverse_proxy`, and `forward_auth` before it."""

import shutil
from functools import partial
from pathlib import Path

from tests.bench.nginx import KEPT
from tests.bench.processes import Program
from tests.tools.ports import free_ports

FRAME = """
{{
  admin off
  auto_https off
}}
http://:{port} {{
  bind 127.0.0.1
{ask}
  reverse_proxy 127.0.0.1:{upstream} {{
    transport http {{
      keepalive_idle_conns_per_host {kept}
    }}
  }}
}}
"""
ASK = """
  forward_auth 127.0.0.1:{upstream} {{
    uri /authorize
    transport http {{
      keepalive_idle_conns_per_host {kept}
    }}
  }}
"""
"""The answer is a bare 200 of the application: what a real authentication server costs, and the
hop to it, would come on top."""


def caddy_path() -> str | None:
    """Return where Caddy lies, or nothing: it is compared only where it is installed."""
    return shutil.which("caddy")


def _caddy(name: str, ask: str, folder: Path, upstream: int) -> Program:
    [port] = free_ports(1)
    values = {"port": port, "upstream": upstream, "kept": KEPT}
    config = folder / f"{name}.conf"
    config.write_text(FRAME.format(ask=ask.format(**values), **values), encoding="ascii")
    command = (caddy_path() or "caddy", "run", "--config", config, "--adapter", "caddyfile")
    home = {"HOME": str(folder), "XDG_DATA_HOME": str(folder), "XDG_CONFIG_HOME": str(folder)}
    return Program(name, command, folder / f"{name}.log", port, (port, "/"), home)


reverse_proxy = partial(_caddy, "caddy.reverse_proxy", "")
forward_auth = partial(_caddy, "caddy.forward_auth", ASK)
