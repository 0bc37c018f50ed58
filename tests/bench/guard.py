"""The sidecar as it is measured: a real process, and somebody who has proven a second factor."""

import asyncio
import sys
from pathlib import Path

import aiohttp

from sidecar.clock import utc_now
from sidecar.settings.load import load_settings
from sidecar.storage.setup import migrate_up
from sidecar.wiring import key_ring
from tests.bench.browser import COOKIES, ORIGIN, PAGE
from tests.bench.processes import Program
from tests.machine import Machine
from tests.tools.ports import free_ports
from tests.world import KEY

SUBJECT = "proxy"
"""The name of the sidecar in figures."""
ENVIRONMENT = {"TEST_KEY": KEY}
CONFIGURATION = """
public: [{origin}]
listen: {{public: 127.0.0.1:{port}, probes: 127.0.0.1:{probes}}}
workers: 1
upstreams: {{shop: http://127.0.0.1:{upstream}}}
login: {{page: /login, paths: [/login, /assets/**], logout: [/logout]}}
identity:
  app_login:
    plugin: upstream_session
    upstream: shop
    url: /whoami
    anonymous: {{pointer: /user, equals: null}}
    subject: /user/id
    keep: 5m
enrollment: {{first: invited}}
factors: {{totp: {{issuer: Shop}}, backup_codes: {{}}}}
policy:
  default: two_factor
  rules:
    - {{name: health, path: /healthz, level: bypass}}
    - {{name: robots, path: /robots.txt, level: bypass}}
    - {{name: icons, path: [/favicon.ico, /apple-touch-icon.png], level: bypass}}
    - {{name: pictures, path: /pictures/**, methods: [GET, HEAD], level: bypass}}
    - {{name: help, path: /help/**, level: bypass}}
    - {{name: hooks, path: /hooks/*/delivery, methods: [POST], level: bypass}}
    - {{name: internal, path: /internal/**, level: deny}}
    - {{name: debug, path: /**/debug, level: deny}}
    - {{name: pay, path: /pay/**, level: two_factor, factors: [totp], max_age: 5m}}
    - {{name: refunds, path: /orders/*/refund, methods: [POST], level: two_factor, max_age: 5m}}
    - {{name: export, path: /export/**, level: two_factor, max_age: 15m}}
    - {{name: invoices, regex: '/invoices/[0-9]+', level: two_factor}}
    - {{name: admins, path: /admin/**, groups: [admins], level: two_factor, max_age: 15m}}
    - {{name: admin-others, path: /admin/**, level: deny}}
    - {{name: catalogue, path: /catalogue/**, level: one_factor}}
    - {{name: search, path: /search, methods: [GET], level: one_factor}}
    - {{name: profile, path: /account/profile, level: two_factor}}
    - {{name: files, path: /files/**, level: two_factor}}
    - {{name: orders, path: /account/orders/**, level: two_factor}}
    - {{name: account, path: /account/**, level: two_factor}}
storage: {{database: 'sqlite+aiosqlite:///{folder}/sidecar.db'}}
keys: [{{id: k1, from: {{env: TEST_KEY}}}}]
limits: {{connections: 0, connections_per_address: 0}}
"""


def guard(folder: Path, upstream: int) -> Program:
    """Prepare a sidecar before this application: its configuration and its database."""
    port, probes = free_ports(2)
    file = folder / "sidecar.yaml"
    text = CONFIGURATION.format(
        origin=ORIGIN, port=port, probes=probes, upstream=upstream, folder=folder
    )
    file.write_text(text, encoding="utf-8")
    loaded = load_settings(file, ENVIRONMENT, utc_now())
    database = loaded.settings.storage.database
    asyncio.run(migrate_up(database, key_ring(loaded), utc_now, create=True))
    command = (sys.executable, "-m", "sidecar", "serve", "-c", file)
    # Bytecode is kept, as it is where the package was installed, and shared by all runs.
    bytecode = {"PYTHONDONTWRITEBYTECODE": "", "PYTHONPYCACHEPREFIX": str(folder.parent / "code")}
    environment = {**ENVIRONMENT, **bytecode}
    ready = (probes, "/health/ready")
    return Program(SUBJECT, command, folder / "sidecar.log", port, ready, environment)


def enroll(made: Program) -> dict[str, str]:
    """Set up a factor for ada in a sidecar that serves; return the cookies of her browser.

    Raises:
        SystemExit: a page that needs a second factor does not open with them.

    """
    return asyncio.run(_enroll(made))


async def _enroll(made: Program) -> dict[str, str]:
    folder = made.log.parent
    loaded = load_settings(folder / "sidecar.yaml", ENVIRONMENT, utc_now())
    async with aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar()) as session:
        machine = Machine(folder, loaded, made.port, session, ORIGIN)
        browser = machine.visitor()
        browser.cookies.update(COOKIES)
        await browser.enroll("ada", target=PAGE)
        page = await browser.open(PAGE, follow=0)
        if page.status != 200:
            raise SystemExit(f"a proven session is answered {page.status}: {page.text[:300]}")
        return browser.cookies
