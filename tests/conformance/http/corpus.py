"""Requests that two readers could read differently, and the status that each is refused with."""

H = b"Host: app.test\r\n"
CHUNKED = b"Transfer-Encoding: chunked\r\n"
END = b"0\r\n\r\n"


def post(fields: bytes, body: bytes = b"", *, version: bytes = b"1.1") -> bytes:
    return b"POST /x HTTP/%b\r\n%b%b\r\n%b" % (version, H, fields, body)


def get(fields: bytes = b"", *, line: bytes = b"GET /x HTTP/1.1", host: bytes = H) -> bytes:
    return b"%b\r\n%b%b\r\n" % (line, host, fields)


def coded(value: bytes) -> bytes:
    return post(b"Transfer-Encoding: %b\r\n" % value, END)


def sized(value: bytes) -> bytes:
    return post(b"Content-Length: %b\r\n" % value, b"xxxxx")


def hosted(value: bytes) -> bytes:
    return get(host=b"Host: %b\r\n" % value)


def lined(line: bytes) -> bytes:
    return get(line=line)


LINES = {
    "F1-bare-lf": (b"GET /x HTTP/1.1\nHost: app.test\n\n", 400),
    "F1-bare-cr-lines": (b"GET /x HTTP/1.1\rHost: app.test\r\r", 400),
    "F1-lf-behind-line": (b"GET /x HTTP/1.1\nHost: app.test\r\n\r\n", 400),
    "F1-lf-behind-head": (b"GET /x HTTP/1.1\r\nHost: app.test\r\n\n", 400),
    "F1-lf-field": (get(b"X: 1\nY: 2\r\n"), 400),
    "F1-lf-name": (get(b"X\nY: 2\r\n"), 400),
    "F1-bare-cr": (get(b"X: a\rb\r\n"), 400),
    "F1-bare-cr-end": (get(b"X: a\r\r\n"), 400),
    "F1-nul": (get(b"X: a\0b\r\n"), 400),
    "F1-nul-name": (get(b"X\0: b\r\n"), 400),
    "F1-nul-target": (lined(b"GET /\0x HTTP/1.1"), 400),
    "F1-cr-target": (lined(b"GET /x\ry HTTP/1.1"), 400),
    "F1-control": (get(b"X: a\x01b\r\n"), 400),
    "F1-delete": (get(b"X: a\x7fb\r\n"), 400),
    "F2-space-first": (b"GET /x HTTP/1.1\r\n Host: app.test\r\n\r\n", 400),
    "F2-tab-first": (b"GET /x HTTP/1.1\r\n\tHost: app.test\r\n\r\n", 400),
    "F2-two-spaces": (lined(b"GET  /x HTTP/1.1"), 400),
    "F2-two-spaces-later": (lined(b"GET /x  HTTP/1.1"), 400),
    "F2-tab": (lined(b"GET\t/x HTTP/1.1"), 400),
    "F2-tab-later": (lined(b"GET /x\tHTTP/1.1"), 400),
    "F2-trailing-space": (lined(b"GET /x HTTP/1.1 "), 400),
    "F2-trailing-tab": (lined(b"GET /x HTTP/1.1\t"), 400),
    "F2-leading-space": (lined(b" GET /x HTTP/1.1"), 400),
    "F2-three-parts": (lined(b"GET /x /y HTTP/1.1"), 400),
    "F3-http09": (b"GET /x\r\n\r\n", 505),
    "F3-http09-fields": (lined(b"GET /x"), 505),
    "F3-http09-version": (lined(b"GET /x HTTP/0.9"), 505),
    "F3-http20": (lined(b"GET /x HTTP/2.0"), 505),
    "F3-http12": (lined(b"GET /x HTTP/1.2"), 400),
    "F3-http3": (lined(b"GET /x HTTP/3"), 400),
    "F3-two-digits": (lined(b"GET /x HTTP/1.10"), 400),
    "F3-lower-case": (lined(b"GET /x http/1.1"), 400),
    "F3-other": (lined(b"GET /x SIP/1.0"), 400),
    "F3-preface": (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 400),
    "F4-space-before-colon": (get(b"X : 1\r\n"), 400),
    "F4-tab-before-colon": (get(b"X\t: 1\r\n"), 400),
    "F4-empty-name": (get(b": 1\r\n"), 400),
    "F4-no-colon": (get(b"X\r\n"), 400),
    "F4-bad-name": (get(b"X(y): 1\r\n"), 400),
    "F4-8bit-name": (get(b"X\xff: 1\r\n"), 400),
    "F5-obs-fold": (get(b"X: 1\r\n 2\r\n"), 400),
    "F5-obs-fold-tab": (get(b"X: 1\r\n\t2\r\n"), 400),
    "F5-obs-fold-empty": (get(b"X:\r\n 2\r\n"), 400),
}
FRAMING = {
    "F6-cl-te": (post(b"Content-Length: 5\r\n" + CHUNKED, END), 400),
    "F6-te-cl": (post(CHUNKED + b"Content-Length: 5\r\n", END), 400),
    "F6-cl-zero": (post(b"Content-Length: 0\r\n" + CHUNKED, END), 400),
    "F6-te-empty-cl": (post(b"Transfer-Encoding: \r\nContent-Length: 1\r\n", b"x"), 400),
    "F6-te-identity-cl": (post(b"Transfer-Encoding: identity\r\nContent-Length: 1\r\n", b"x"), 400),
    "F7-gzip-chunked": (coded(b"gzip, chunked"), 400),
    "F7-chunked-gzip": (coded(b"chunked, gzip"), 400),
    "F7-chunked-chunked": (coded(b"chunked, chunked"), 400),
    "F7-chunked-parameter": (coded(b"chunked;q=1"), 400),
    "F7-xchunked": (coded(b"xchunked"), 400),
    "F7-chunkedx": (coded(b"chunkedx"), 400),
    "F7-identity": (coded(b"identity"), 400),
    "F7-chunked-identity": (coded(b"chunked, identity"), 400),
    "F7-comma-chunked": (coded(b",chunked"), 400),
    "F7-chunked-comma": (coded(b"chunked,"), 400),
    "F7-empty": (post(b"Transfer-Encoding: \r\n"), 400),
    "F7-quoted": (coded(b'"chunked"'), 400),
    "F7-vertical-tab": (coded(b"\x0bchunked"), 400),
    "F7-vertical-tab-behind": (coded(b"chunked\x0b"), 400),
    "F7-8bit": (coded(b"chunked\xa0"), 400),
    "F7-folded": (post(b"Transfer-Encoding:\r\n chunked\r\n", END), 400),
    "F7-space-before-colon": (post(b"Transfer-Encoding : chunked\r\n", END), 400),
    "F7-twice": (post(CHUNKED + CHUNKED, END), 400),
    "F7-twice-spelled": (post(CHUNKED + b"transfer-encoding: identity\r\n", END), 400),
    "F7-http10": (post(CHUNKED, END, version=b"1.0"), 400),
    "F8-twice-same": (post(b"Content-Length: 1\r\nContent-Length: 1\r\n", b"x"), 400),
    "F8-twice-different": (post(b"Content-Length: 1\r\nContent-Length: 2\r\n", b"xy"), 400),
    "F8-twice-spelled": (post(b"Content-Length: 1\r\ncontent-length: 1\r\n", b"x"), 400),
    "F8-list": (sized(b"5, 5"), 400),
    "F8-two-words": (sized(b"5 5"), 400),
    "F8-plus": (sized(b"+5"), 400),
    "F8-minus": (sized(b"-5"), 400),
    "F8-hex": (sized(b"0x5"), 400),
    "F8-underscore": (sized(b"1_0"), 400),
    "F8-float": (sized(b"5.0"), 400),
    "F8-exponent": (sized(b"5e0"), 400),
    "F8-quoted": (sized(b'"5"'), 400),
    "F8-parameter": (sized(b"5;x"), 400),
    "F8-other-digits": (sized("٥".encode()), 400),
    "F8-superscript": (sized(b"5\xb2"), 400),
    "F8-vertical-tab": (sized(b"\x0b5"), 400),
    "F8-empty": (post(b"Content-Length: \r\n"), 400),
    "F8-23-digits": (sized(b"99999999999999999999999"), 400),
    "F8-two-to-the-64": (sized(b"18446744073709551616"), 400),
}
TARGETS = {
    "T1-raw-8bit": (lined(b"GET /\xc3\xa9 HTTP/1.1"), 400),
    "T1-delete": (lined(b"GET /\x7f HTTP/1.1"), 400),
    "T3-connect-authority": (b"CONNECT app.test:443 HTTP/1.1\r\n" + H + b"\r\n", 405),
    "T3-connect-path": (lined(b"CONNECT /x HTTP/1.1"), 405),
    "T3-connect-url": (lined(b"CONNECT http://app.test/ HTTP/1.1"), 400),
    "T4-get-star": (lined(b"GET * HTTP/1.1"), 400),
    "T4-star-path": (lined(b"OPTIONS */x HTTP/1.1"), 400),
    "T5-fragment": (lined(b"GET /x#y HTTP/1.1"), 400),
    "T5-fragment-in-query": (lined(b"GET /x?a#y HTTP/1.1"), 400),
    "T5-fragment-empty": (lined(b"GET /x# HTTP/1.1"), 400),
    "T5-fragment-of-url": (lined(b"GET http://app.test/x#y HTTP/1.1"), 400),
    "T6-no-host": (get(host=b""), 400),
    "T6-two-hosts": (get(b"Host: evil.test\r\n"), 400),
    "T6-two-hosts-same": (get(b"host: app.test\r\n"), 400),
    "T6-two-hosts-http10": (get(b"Host: evil.test\r\n", line=b"GET / HTTP/1.0"), 400),
    "T6-empty": (hosted(b""), 400),
    "T6-space": (hosted(b"a b"), 400),
    "T6-slash": (hosted(b"a/b"), 400),
    "T6-backslash": (hosted(b"a\\b"), 400),
    "T6-userinfo": (hosted(b"u@h"), 400),
    "T6-query": (hosted(b"h:80/foo?x"), 400),
    "T6-fragment": (hosted(b"h#x"), 400),
    "T6-list": (hosted(b"a, b"), 400),
    "T6-escape": (hosted(b"a%2eb"), 400),
    "T6-port": (hosted(b"a:port"), 400),
    "T6-two-ports": (hosted(b"a:80:80"), 400),
    "T6-open-bracket": (hosted(b"[::1"), 400),
    "T6-no-bracket": (hosted(b"::1"), 400),
    "T6-8bit": (hosted(b"a\xff"), 400),
    "T7-lower-case": (lined(b"get /x HTTP/1.1"), 400),
    "T7-mixed-case": (lined(b"Get /x HTTP/1.1"), 400),
    "T7-unknown": (lined(b"FOO /x HTTP/1.1"), 400),
    "T7-longer": (lined(b"GETX /x HTTP/1.1"), 400),
    "T7-trace": (lined(b"TRACE /x HTTP/1.1"), 405),
    "H7-tls-on-plain": (b"\x16\x03\x01\x02\x00\x01\x00", 400),
    "F20-target": (lined(b"GET /" + b"x" * 9000 + b" HTTP/1.1"), 414),
    "F20-target-of-a-megabyte": (lined(b"GET /" + b"x" * 2**20 + b" HTTP/1.1"), 414),
    "F20-cookie": (get(b"Cookie: a=" + b"x" * 30000 + b"\r\n"), 431),
    "F20-field-of-a-megabyte": (get(b"X: " + b"x" * 2**20 + b"\r\n"), 431),
    "F20-name-of-a-megabyte": (get(b"X" * 2**20 + b": x\r\n"), 431),
    "F20-count": (get(b"".join(b"X-%d: 1\r\n" % n for n in range(130))), 431),
    "F20-ten-thousand": (get(b"".join(b"X-%d: 1\r\n" % n for n in range(10_000))), 431),
    "F20-total": (get(b"".join(b"X-%d: %b\r\n" % (n, b"y" * 8000) for n in range(12))), 431),
}
FOREIGN = {
    "F3-rtsp": (lined(b"GET /x RTSP/1.0"), 400),
    "F3-ice": (lined(b"SOURCE /x ICE/1.0"), 400),
    "F8-beyond-63-bits": (sized(b"9223372036854775808"), 400),
}
REFUSED = {**LINES, **FRAMING, **TARGETS, **FOREIGN}

BROKEN_CHUNKS = {
    "F9-hex-prefix": b"0x5\r\nhello\r\n" + END,
    "F9-plus": b"+5\r\nhello\r\n" + END,
    "F9-minus": b"-5\r\nhello\r\n" + END,
    "F9-space-before": b" 5\r\nhello\r\n" + END,
    "F9-space-after": b"5 \r\nhello\r\n" + END,
    "F9-tab-after": b"5\t\r\nhello\r\n" + END,
    "F9-underscore": b"0_5\r\nhello\r\n" + END,
    "F9-empty-size": b"\r\nhello\r\n" + END,
    "F9-only-extension": b";a\r\nhello\r\n" + END,
    "F9-overflow": b"fffffffffffffffff\r\nhello\r\n" + END,
    "F9-no-crlf": b"5\r\nhello" + END,
    "F9-too-long": b"5\r\nhello!\r\n" + END,
    "F9-lf-extension": b"5;a\nhello\r\n" + END,
    "F9-cr-extension": b"5;a\rb\r\nhello\r\n" + END,
    "F9-cr-cr-extension": b"5;a=b\r\rhello\r\n" + END,
    "F9-nul-extension": b"5;a\0\r\nhello\r\n" + END,
    "F9-lf-size": b"5\nhello\r\n" + END,
    "F9-lf-behind-data": b"5\r\nhello\n" + END,
    "F9-cr-behind-data": b"5\r\nhello\r" + END,
    "F9-lf-at-the-end": b"5\r\nhello\r\n0\r\n\n",
    "F10-length": b"5\r\nhello\r\n0\r\nContent-Length: 5\r\n\r\n",
    "F10-coding": b"5\r\nhello\r\n0\r\nTransfer-Encoding: chunked\r\n\r\n",
    "F10-no-name": b"5\r\nhello\r\n0\r\n: x\r\n\r\n",
    "F10-lf": b"5\r\nhello\r\n0\r\nX: y\n\r\n",
    "F10-fold": b"5\r\nhello\r\n0\r\nX: y\r\n z\r\n\r\n",
    "F10-nul": b"5\r\nhello\r\n0\r\nX: \0\r\n\r\n",
}
