#!/usr/bin/env python3
"""The life of a user, over HTTP: with Python's standard library, and `oathtool` as the phone.

    export SIDECAR_API_URL=http://127.0.0.1:8004
    export SIDECAR_API_TOKEN=…       # sidecar tokens create --name shop --scope all
    export SIDECAR_APPROVER_TOKEN=…  # sidecar tokens create --name desk --scope recovery:approve
    python3 life_of_a_user.py ada

Ends with status 0 where everything went as it says, and leaves nothing of the user behind.
"""

import base64
import json
import os
import subprocess
import sys
import time
from urllib.error import HTTPError
from urllib.parse import quote
from urllib.request import Request, urlopen
from uuid import uuid4

URL = os.environ["SIDECAR_API_URL"].rstrip("/")
SHOP = os.environ["SIDECAR_API_TOKEN"]
DESK = os.environ["SIDECAR_APPROVER_TOKEN"]
TIMEOUT_S = 30
SPARE_S = 5
FIVE_MINUTES_S = 300


def call(method: str, path: str, body: dict | None = None, *, token: str = SHOP) -> dict:
    """Return the answer, with its status; a problem is an answer too."""
    headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
    if method == "POST":
        headers["Idempotency-Key"] = str(uuid4())  # a lost answer may be asked for again
    sent = None if body is None else json.dumps(body).encode()
    try:
        with urlopen(Request(URL + path, sent, headers, method=method), timeout=TIMEOUT_S) as told:
            return {"http": told.status, **json.loads(told.read() or b"{}")}
    except HTTPError as refused:
        return {"http": refused.code, **json.loads(refused.read())}


def expect(status: int, told: dict, what: str) -> dict:
    """Return the answer if it is the one that is expected; end otherwise."""
    if told["http"] != status:
        sys.exit(f"NOT {what}: {status} was expected, and this came: {told}")
    print(f"{status}  {what}")
    return told


def require(holds: bool, told: dict) -> None:
    if not holds:
        sys.exit(f"NOT as it should be: {told}")


class Phone:
    """An authenticator app that nobody here wrote."""

    def __init__(self, setup: dict) -> None:
        """Take what the sidecar shows once."""
        self.secret, self.period, self.digits = setup["secret"], setup["period"], setup["digits"]
        self.mode = setup["algorithm"].lower()

    def code(self, *, ago: int = 0) -> str:
        """Return what it shows now, or showed so many periods ago, and not at the end of one."""
        left = self.period - time.time() % self.period
        if left < SPARE_S:
            time.sleep(left)
        at = f"@{int(time.time()) - ago * self.period}"
        words = ("oathtool", f"--totp={self.mode}", "--base32", f"--digits={self.digits}")
        more = (f"--time-step-size={self.period}s", f"--now={at}", "-")
        # The secret is no argument: everybody on the machine sees those.
        asked = {"input": self.secret, "text": True, "capture_output": True}
        return subprocess.run((*words, *more), check=True, **asked).stdout.strip()


def enroll(user: str, what: str) -> tuple[Phone, dict]:
    """The user has an app; return it, and what the sidecar says of it."""
    setup = expect(201, call("POST", "/totp/setup", {"user_id": user}), f"{what}: begun")
    phone = Phone(setup)
    # The code before the present one, so that the present one is left: each is good once.
    proof = {"enrollment_id": setup["enrollment_id"], "code": phone.code(ago=1)}
    told = call("POST", "/totp/verify", {"user_id": user, **proof})
    return phone, expect(200, told, f"{what}: done")


def challenge(user: str, **wish: str) -> dict:
    told = call("POST", "/challenge", {"user_id": user, **wish})
    return expect(201, told, f"asked for a proof ({wish or 'any'})")


def respond(user: str, asked: dict, code: str) -> dict:
    response = {"challenge_id": asked["challenge_id"], "code": code}
    return call("POST", "/challenge/verify", {"user_id": user, **response})


def check_result(jwt: str, action: str) -> None:
    """The signed result says what was asked; whoever is shown it verifies the signature too."""
    head, claims, _signature = (part + "=" * (-len(part) % 4) for part in jwt.split("."))
    said = json.loads(base64.urlsafe_b64decode(head))
    claimed = json.loads(base64.urlsafe_b64decode(claims))
    require((said["typ"], said["alg"]) == ("challenge-result+jwt", "ES256"), said)
    require(claimed["action"] == action, claimed)
    require(0 < claimed["exp"] - claimed["iat"] <= FIVE_MINUTES_S, claimed)
    require({"iss", "aud", "sub", "jti", "acr", "amr", "auth_time"} <= claimed.keys(), claimed)
    print(f"     a JWT for {claimed['aud']} says of {claimed['sub']}: {claimed['amr']}")


def live(user: str) -> None:
    at = quote(user, safe="")
    expect(201, call("POST", "/config", {"user_id": user}), "configured")
    phone, done = enroll(user, "an app")
    made = call("POST", "/backup-codes/generate", {"user_id": user})
    codes = expect(201, made, "backup codes made")["codes"]

    asked = challenge(user, factor=done["authenticator"]["factor"], action="payment:4711")
    right = phone.code()
    wrong = f"{(int(right) + 1) % 10**phone.digits:0{phone.digits}}"
    expect(422, respond(user, asked, wrong), "a wrong code is refused")
    proof = expect(200, respond(user, asked, right), "the right code is taken")
    check_result(proof["result"], "payment:4711")
    expect(410, respond(user, asked, right), "the same again is not")

    expect(200, call("POST", "/disable", {"user_id": user, "reason": "on leave"}), "disabled")
    refused = call("POST", "/challenge", {"user_id": user})
    expect(404, refused, "nothing of theirs is accepted")
    expect(200, call("POST", "/enable", {"user_id": user}), "enabled")
    asked = challenge(user, factor="backup_codes")
    expect(200, respond(user, asked, codes[0]), "a backup code is taken")
    left = expect(200, call("GET", f"/backup-codes/{at}"), "and is used up")
    require((left["used"], left["unused"]) == (1, len(codes) - 1), left)

    lost = {"user_id": user, "reason": "phone and codes are lost"}
    recovery = expect(202, call("POST", "/recovery", lost), "recovery asked for")
    decision = {"recovery_id": recovery["recovery_id"]}
    own = call("POST", "/recovery/approve", decision)
    expect(403, own, "who asks does not approve")
    approved = call("POST", "/recovery/approve", decision, token=DESK)
    expect(200, approved, "approved by somebody else")
    enroll(user, "a new app")
    status = expect(200, call("GET", f"/status/{at}"), "enrolled again")
    require(status["standing"] == "enrolled", status)

    expect(200, call("DELETE", f"/users/{at}"), "erased")
    status = expect(200, call("GET", f"/status/{at}"), "and nobody is known so")
    require(status["standing"] == "never_enrolled", status)


if __name__ == "__main__":
    live(sys.argv[1] if len(sys.argv) > 1 else "ada")
