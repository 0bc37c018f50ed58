"""Whether a request carries the signature that Amazon would compute for it (SigV4)."""

import hashlib
import hmac

from tests.vendors.peer import Heard

ACCESS_KEY = "AKIAIOSFODNN7EXAMPLE"
SECRET_KEY = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"
REGION = "eu-central-1"


def is_signed(heard: Heard, service: str) -> bool:
    """Tell whether the signature is the one that these headers and this body have."""
    scheme, _, rest = heard.header("Authorization").partition(" ")
    parts = dict(part.split("=", 1) for part in rest.split(", "))
    key, day, region, named, end = parts["Credential"].split("/")
    at = heard.header("x-amz-date")
    names = parts["SignedHeaders"].split(";")
    lines = [heard.method, heard.target, "", *(f"{name}:{heard.header(name)}" for name in names)]
    lines += ["", ";".join(names), hashlib.sha256(heard.body).hexdigest()]
    canonical = "\n".join(lines)
    scope = f"{day}/{region}/{named}/{end}"
    text = f"AWS4-HMAC-SHA256\n{at}\n{scope}\n{hashlib.sha256(canonical.encode()).hexdigest()}"
    made = f"AWS4{SECRET_KEY}".encode()
    for part in (day, REGION, service, "aws4_request"):
        made = hmac.new(made, part.encode(), hashlib.sha256).digest()
    wanted = hmac.new(made, text.encode(), hashlib.sha256).hexdigest()
    sent = {name.lower() for name, _ in heard.headers if name.lower().startswith("x-amz-")}
    whole = {"content-type", "host", "x-amz-date", *sent} <= set(names)
    return (scheme, key, parts["Signature"]) == ("AWS4-HMAC-SHA256", ACCESS_KEY, wanted) and whole
