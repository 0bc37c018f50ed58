#!/usr/bin/env python3
"""Sets up an authenticator app for somebody, with the sidecar's own client (`pip install sidecar`).

export SIDECAR_API_URL=http://127.0.0.1:8004
export SIDECAR_API_TOKEN=…  # sidecar tokens create --name shop --scope enrollments:write
python3 enroll.py ada
"""

import asyncio
import os
import sys

from sidecar.client import Client, ProblemError


async def enroll(user: str) -> None:
    url, token = os.environ["SIDECAR_API_URL"], os.environ["SIDECAR_API_TOKEN"]
    async with Client(url, token=token) as sidecar:
        app = await sidecar.setup_totp(user)
        print(app.uri)  # as a QR code on your page: app.qr_svg, or app.qr_png
        code = await asyncio.to_thread(input, "The code that the app shows: ")
        done = await sidecar.verify_totp(user, enrollment_id=app.enrollment_id, code=code)
        print(f"{done.authenticator.name} works; backup codes: {done.backup_codes}")


if __name__ == "__main__":
    try:
        asyncio.run(enroll(sys.argv[1]))
    except ProblemError as refused:
        sys.exit(str(refused))
