"""`python -m sidecar.demo`: Harbour alone, without a sidecar in front."""

import argparse
from pathlib import Path

from aiohttp import web

from sidecar.demo.app import create_app
from sidecar.demo.visit import Options

SHUTDOWN_S = 2.0


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m sidecar.demo", description=__doc__)
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=8081)
    parser.add_argument("--data", type=Path, help="file that remembers notes and sign-ins")
    parser.add_argument("--security-url", default="", help="link to a page of sign-in methods")
    parser.add_argument("--away-url", default=Options().away_url, help="where /away leads")
    parser.add_argument(
        "--keep-cookie",
        action="store_true",
        help="keep the cookie at sign-in (the fault of a weaker application)",
    )
    asked = parser.parse_args()
    options = Options(
        keep_cookie=asked.keep_cookie,
        security_url=asked.security_url,
        away_url=asked.away_url,
        data=asked.data,
    )
    web.run_app(create_app(options), host=asked.host, port=asked.port, shutdown_timeout=SHUTDOWN_S)


if __name__ == "__main__":
    main()
