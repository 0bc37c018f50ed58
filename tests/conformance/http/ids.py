"""What the front must get right, one line a requirement; tests carry the ids as marks.

`@pytest.mark.http("F1", "T3")` names rows of `REQUIREMENTS`, `@pytest.mark.threat(1, 17)` rows of
`THREATS`; `test_coverage_of_ids.py` shows that no row is without a test.
"""

from collections.abc import Iterable

import pytest
from _pytest.mark import ParameterSet

REQUIREMENTS = {
    # --- message framing (RFC 9112) ---
    "F1": "bare LF, bare CR and NUL are refused (9112 §2.2)",
    "F2": "whitespace before the first field or too much of it in the first line (9112 §3)",
    "F3": "only HTTP/1.0 and HTTP/1.1 (9112 §2.3)",
    "F4": "space before a colon, empty, missing or odd field names (9112 §5.1)",
    "F5": "folded fields: refused in requests, never passed on folded in answers (9112 §5.2)",
    "F6": "Transfer-Encoding and Content-Length together (9112 §6.1)",
    "F7": "no transfer coding but `chunked`, none in HTTP/1.0 (9112 §6.1)",
    "F8": "one Content-Length of digits only (9112 §6.3)",
    "F9": "chunks to the letter; extensions are dropped (9112 §7.1)",
    "F10": "trailers never become fields (9110 §6.5)",
    "F11": "a broken request body is seen broken by the application (9112 §6.3)",
    "F12": "a broken answer is seen broken by the client (9112 §8)",
    "F13": "what comes on an idle connection is nobody's answer (9112 §9.2)",
    "F14": "204, 304, 1xx and answers to HEAD have no body (9112 §6.3)",
    "F15": "sent again only where that is safe, at most once (9112 §9.3.1)",
    "F16": "HTTP/1.0 clients get no chunks, and their end (9112 §9.3)",
    "F17": "pipelined requests are judged one by one and answered in order (9112 §9.3.2)",
    "F18": "the decision comes before 100 Continue (9110 §10.1.1)",
    "F19": "interim answers; no 101 that nobody asked for (9110 §15.2)",
    "F20": "limits of fields, heads, counts and targets, both ways (6585 §5, 9110 §15.5.15)",
    # --- target, host, method ---
    "T1": "origin-form goes on byte for byte (9112 §3.2.1)",
    "T2": "absolute-form is its path; its authority is the Host (9112 §3.2.2)",
    "T3": "CONNECT in any form is refused (9110 §9.3.6)",
    "T4": "`*` never reaches an application (9112 §3.2.4)",
    "T5": "`#` in a target is refused (3986 §3.5)",
    "T6": "exactly one Host, of ours, in its grammar (9110 §7.2)",
    "T7": "methods in their exact case; no overriding them (9110 §9.1)",
    "T8": "`Via` is sent, and a loop is refused (9110 §7.6.3)",
    # --- fields ---
    "H1": "fields of one connection end here, both ways (9110 §7.6.1)",
    "H2": "`Connection` cannot have protected fields removed (CVE-2022-31813)",
    "H3": "doubled fields stay, in order and spelling (9110 §5.3)",
    "H4": "obs-text stays as it is (9110 §5.5)",
    "H5": "content codings and bodies pass untouched (9110 §8.4)",
    "H6": "nothing is added that the peer did not send (9110 §7.7)",
    "H7": "no h2c, no HTTP/2 preface (9113 §3.1)",
    "H8": "no redirects followed, no cookies kept, no proxies of the environment",
    # --- streams ---
    "S1": "no buffering of streams",
    "S2": "the client is gone, so the application's connection ends",
    "S3": "a slow reader slows the sender, both ways",
    "S4": "an early answer reaches a client that still uploads",
    "S5": "connecting, head and idleness have limits of their own; streams have none",
    "S6": "slow clients are told 408 or closed",
    "S7": "an application that is down or broken is a 502 that tells nothing of it",
    # --- WebSocket (RFC 6455) ---
    "W1": "judged before the 101; nothing but a handshake opens a tunnel",
    "W2": "the handshake is end to end, a refusal too",
    "W3": "bytes glued to the handshake are delivered, both ways",
    "W4": "frames are bytes",
    "W5": "tunnels end: idle, revoked, on either side",
    "W6": "a proxy in front may open tunnels through us",
    # --- what went wrong with plain aiohttp ---
    "3.1A": "an answer nobody asked for is served to the next visitor",
    "3.1B": "bytes of header fields are deleted",
    "3.1C": "doubled fields in other case are lost",
    "3.1D": "the path is rewritten after it was judged",
    "3.1E": "the router answers for the application",
    "3.1F": "100 Continue before the decision",
    "3.1G": "a 101 nobody asked for",
    "3.1H": "the parser in Python reads other requests",
    "3.2": "accepted by the C parser, and refused by us all the same",
    "3.3.1": "a compressed answer is cut to its compressed length",
    "3.3.2": "a compressed upload is unpacked on its way",
    "3.3.3": "a chunked upload fails",
    "3.3.4": "fields of one connection leak",
    "3.3.5": "an HTTP/1.0 client waits for ever",
    "3.3.6": "lengths of answers without a body",
    "3.3.7": "interim answers are swallowed",
    "3.3.8": "trailers",
    "3.3.9": "a Content-Type is made up",
    "3.3.10": "Server and Date are made up",
    "3.3.11": "answers with large or many fields",
    "3.3.12": "folded fields and bare line feeds in answers",
    "3.3.13": "unreadable answers: 502, without their text",
    "3.3.14": "truncated answers",
    "3.3.15": "requests that are sent twice",
    "3.3.16": "a client that closes its half",
    "3.3.17": "streams are cut after minutes, or wait for one another",
    "3.3.18": "bodies have no bound",
    "3.6": "state changes survive the client; deadlines; silence in the log",
}

THREATS = {
    # --- A. which URL is judged, which is served ---
    1: "dot segments (CVE-2026-33494)",
    2: "encoded slashes and wildcards (CVE-2026-42274)",
    3: "prefix stripped by another reading (CVE-2026-40912)",
    4: "doubled slashes (CVE-2020-24660)",
    5: "what cannot be parsed is allowed (CVE-2021-32637)",
    6: "matched before cleaned (Authelia #3661)",
    7: "one router decides, another one routes (CVE-2023-33189)",
    8: "`#` and escapes (CVE-2021-39206)",
    9: "the query meets a path rule (CVE-2025-54576)",
    10: "`%23` meets an allow-list (GHSA-pxq7-h93f-9jrg)",
    11: "`X-Forwarded-Uri` of the client (CVE-2026-40575)",
    12: "trusted proxies by default (CVE-2026-76835)",
    13: "spellings of the host (CVE-2026-48794)",
    14: "`X-Forwarded-Prefix` and its kin (GHSA-6384-m2mw-rf54)",
    15: "`X-Forwarded-Proto` picks the rule (CVE-2026-33495)",
    16: "regular expressions that cross a slash (CVE-2026-23813)",
    # --- B. trust in headers ---
    17: "`X_Forwarded_User` (CVE-2025-64484)",
    18: "the same for sub-requests (GHSA-5m6w-wvh7-57vm)",
    19: "`Connection` removes our headers (CVE-2025-48865)",
    20: "identity headers of strangers (CVE-2026-63439)",
    21: "unparsable `X-Forwarded-For` (CVE-2024-47070)",
    22: "spoofed `X-Forwarded-For` (CVE-2023-36456)",
    23: "a User-Agent that opens (CVE-2026-34457)",
    24: "malformed session cookies (CVE-2026-25748)",
    25: "empty forwarded headers (tinyauth 5.0.3)",
    26: "names that pass for others (CVE-2026-40574)",
    27: "aiohttp's own smuggling (CVE-2025-69224, CVE-2023-37276)",
    # --- G. tunnels, preflights, exhaustion ---
    65: "the WebSocket branch skips the policy (CVE-2026-58172)",
    66: "preflights that are none; overridden methods",
    69: "slow clients, huge heads, endless and packed bodies",
}


def rows(table: Iterable[str]) -> list[ParameterSet]:
    """Return the rows' names as parameters, each with the mark of the id that it begins with."""
    return [
        pytest.param(name, id=name, marks=pytest.mark.http(name.partition("-")[0]))
        for name in table
    ]
