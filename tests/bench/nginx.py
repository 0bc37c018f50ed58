"""nginx twice: as the application behind everybody, and as the yardstick before it."""

import shutil
from pathlib import Path

from tests.bench.processes import Program
from tests.tools.ports import free_ports

BODY_BYTES = 800
KEPT = 1024
"""Connections to the application that are kept open: more than are ever in use at once."""
FRAME = """
user root; worker_processes 1; worker_rlimit_nofile 20000; daemon off;
pid {folder}/{name}.pid; error_log {folder}/{name}.log error;
events {{ worker_connections 16384; }}
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
  upstream application {{
    server 127.0.0.1:{upstream}; keepalive {kept}; keepalive_requests 1000000000;
  }}
  server {{
    listen 127.0.0.1:{port} backlog=4096;
    proxy_http_version 1.1;
    location / {{
      proxy_pass http://application;
      proxy_set_header Connection ""; proxy_set_header Host $http_host;
      proxy_request_buffering off; proxy_max_temp_file_size 0;
    }}
    location /socket {{
      proxy_pass http://application; proxy_read_timeout 1h;
      proxy_set_header Connection upgrade; proxy_set_header Upgrade $http_upgrade;
    }}
  }}
"""
"""The leanest nginx that keeps its connections: it adds no forwarded field, writes no log."""
STOCK = """
  server {{
    listen 127.0.0.1:{port} backlog=4096;
    location / {{ proxy_pass http://127.0.0.1:{upstream}; }}
  }}
"""
"""nginx as it comes: a connection to the application for each request."""


def nginx_path() -> str:
    """Return where nginx lies.

    Raises:
        SystemExit: it is not installed; nothing can be compared without.

    """
    path = shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin:/usr/local/sbin")
    if path is None:
        raise SystemExit("nginx is not installed: it is the yardstick (Debian: nginx-light)")
    return path


def application(folder: Path) -> Program:
    """Prepare the application: every page is the same 800 bytes, everybody is ada to it."""
    (folder / "files").mkdir(exist_ok=True)
    [port] = free_ports(1)
    inner = APPLICATION.format(port=port, body="x" * BODY_BYTES, folder=folder)
    return _nginx(folder, "application", port, inner)


def yardstick(folder: Path, upstream: int) -> Program:
    """Prepare nginx `proxy_pass`, all processes its own, before the application."""
    [port] = free_ports(1)
    return _nginx(folder, "nginx", port, YARDSTICK.format(port=port, upstream=upstream, kept=KEPT))


def stock(folder: Path, upstream: int) -> Program:
    """Prepare nginx `proxy_pass` with nothing else configured."""
    [port] = free_ports(1)
    return _nginx(folder, "nginx.stock", port, STOCK.format(port=port, upstream=upstream))


def _nginx(folder: Path, name: str, port: int, inner: str) -> Program:
    config, log = folder / f"{name}.conf", folder / f"{name}.log"
    config.write_text(FRAME.format(folder=folder, name=name, inner=inner), encoding="ascii")
    return Program(name, (nginx_path(), "-e", log, "-c", config), log, port, (port, "/"))
