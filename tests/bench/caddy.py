"""Caddy, as others would put it there: `reverse_proxy`, and `forward_auth` before it."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.bench.nginx import KEPT
from tests.bench.processes import Running, running

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
"""The answer is nginx's bare 200, so that a real authentication server would come on top."""


def caddy_path() -> str | None:
    """Return where Caddy lies, or nothing: it is compared only where it is installed."""
    return shutil.which("caddy")


@contextmanager
def caddy(
    folder: Path, port: int, upstream: int, *, program: str, asks: bool = False
) -> Iterator[Running]:
    """Run Caddy before the application; where it `asks`, each request is authorized first."""
    name = "caddy-asking" if asks else "caddy"
    ask = ASK.format(upstream=upstream, kept=KEPT) if asks else ""
    config = folder / f"{name}.conf"
    config.write_text(
        FRAME.format(port=port, upstream=upstream, kept=KEPT, ask=ask), encoding="ascii"
    )
    home = {"HOME": str(folder), "XDG_DATA_HOME": str(folder), "XDG_CONFIG_HOME": str(folder)}
    command = (program, "run", "--config", config, "--adapter", "caddyfile")
    with running(command, folder / f"{name}.log", port=port, environment=home) as made:
        yield made
