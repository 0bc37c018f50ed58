"""nginx twice: as the application behind everybody, and as the yardstick before it."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.bench.processes import Running, running

BODY_BYTES = 800
KEPT = 1024
"""Connections to the application that are kept open: more than are ever in use at once."""
FRAME = """
user root; worker_processes 1; worker_rlimit_nofile 20000; daemon off;
pid {folder}/{name}.pid; error_log {folder}/{name}.log error;
events {{ worker_connections 8192; }}
http {{
  access_log off; sendfile on; keepalive_requests 1000000000; keepalive_timeout 300s;
  client_max_body_size 0;
  client_body_temp_path {folder}/{name}-body; proxy_temp_path {folder}/{name}-proxy;
  fastcgi_temp_path {folder}/{name}-f; uwsgi_temp_path {folder}/{name}-u;
  scgi_temp_path {folder}/{name}-s;
{inner}
}}
"""
APPLICATION = """
  server {{
    listen 127.0.0.1:{port} backlog=4096; default_type text/html;
    location / {{ return 200 "{body}"; }}
    location = /login {{ return 303 /; }}
    location = /authorize {{ return 200; }}
    location = /whoami {{ default_type application/json; return 200 '{{"user":{{"id":"ada"}}}}'; }}
    location /files/ {{ default_type application/octet-stream; alias {folder}/files/; }}
  }}
"""
YARDSTICK = """
  upstream application {{ server 127.0.0.1:{upstream}; keepalive {kept}; keepalive_requests 1000000000; }}
  server {{
    listen 127.0.0.1:{port} backlog=4096;
    location / {{
      proxy_pass http://application;
      proxy_http_version 1.1; proxy_set_header Connection ""; proxy_set_header Host $http_host;
      proxy_request_buffering off;
    }}
  }}
"""
"""The leanest nginx that keeps its connections: it adds no forwarded header, writes no log."""


def nginx_path() -> str:
    """Return where nginx lies.

    Raises:
        SystemExit: it is not installed; nothing can be compared without.

    """
    path = shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin:/usr/local/sbin")
    if path is None:
        raise SystemExit("nginx is not installed: it is the yardstick (Debian: nginx-light)")
    return path


@contextmanager
def application(folder: Path, port: int) -> Iterator[Running]:
    """Run the application: it answers every page with the same 800 bytes and knows ada only."""
    (folder / "files").mkdir(exist_ok=True)
    inner = APPLICATION.format(port=port, body="x" * BODY_BYTES, folder=folder)
    with _nginx(folder, "application", port, inner) as made:
        yield made


@contextmanager
def yardstick(folder: Path, port: int, upstream: int, name: str = "nginx") -> Iterator[Running]:
    """Run nginx `proxy_pass`, all processes its own, before the application."""
    inner = YARDSTICK.format(port=port, upstream=upstream, kept=KEPT)
    with _nginx(folder, name, port, inner) as made:
        yield made


@contextmanager
def _nginx(folder: Path, name: str, port: int, inner: str) -> Iterator[Running]:
    config, log = folder / f"{name}.conf", folder / f"{name}.log"
    config.write_text(FRAME.format(folder=folder, name=name, inner=inner), encoding="ascii")
    with running((nginx_path(), "-e", log, "-c", config), log, port=port) as made:
        yield made
