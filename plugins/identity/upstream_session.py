"""The application's own login: it is asked who a request is from, with the request's credentials.

Does not protect against an application that tells a wrong name, nor one that reads credentials
which are not declared here.
"""

from dataclasses import dataclass, field
from datetime import timedelta
from operator import itemgetter
from typing import Annotated, Final, Self

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    JsonValue,
    WithJsonSchema,
    model_validator,
)

from sidecar.core.carried import Reading, covers
from sidecar.core.durations import parse_duration
from sidecar.core.errors import IdentityUnavailable, UpstreamTimedOut, UpstreamUnreachable
from sidecar.core.model import Claims, Identity, Person
from sidecar.core.pointers import MISSING, at, read_json, same
from sidecar.core.protocols import (
    Asked,
    Carriers,
    IdentitySource,
    Plugin,
    RawHeaders,
    RequestView,
    SourceTraits,
    Tools,
)
from sidecar.core.subjects import Fold, claim_of, groups_of, subject_of

LIMIT_BYTES: Final = 64 * 1024
TOLD: Final = 200
NOBODY: Final = frozenset({401, 403, *range(300, 400)})

_OURS: Final = frozenset(
    {
        *("accept", "accept-encoding", "connection", "content-length", "cookie", "host", "te"),
        *("trailer", "transfer-encoding", "upgrade", "x-forwarded-host", "x-forwarded-proto"),
    }
)
"""Headers that the question sets itself, or that belong to one connection only."""


def _carrier(name: str) -> str:
    if name.lower() in _OURS:
        raise ValueError(f"{name} is not a credential that can be declared")
    return name.lower()


Duration = Annotated[timedelta, BeforeValidator(parse_duration), WithJsonSchema({"type": "string"})]
Pointer = Annotated[str, Field(pattern=r"^(/([^~/]|~[01])*)*$")]
HeaderName = Annotated[
    str, Field(pattern=r"^[A-Za-z0-9!#$%&'*+.^_`|~-]{1,64}$"), AfterValidator(_carrier)
]
Name = Annotated[str, Field(min_length=1, max_length=128)]


class Anonymous(BaseModel):
    """The answer that means nobody."""

    model_config = ConfigDict(extra="forbid", frozen=True, use_attribute_docstrings=True)

    pointer: Pointer
    """Where to look (JSON Pointer, RFC 6901)."""
    equals: JsonValue
    """What stands there when nobody is signed in."""


class Credentials(BaseModel):
    """By what, beside cookies, the application tells who a request is from."""

    model_config = ConfigDict(extra="forbid", frozen=True, use_attribute_docstrings=True)

    headers: tuple[HeaderName, ...] = ()
    """Headers, such as Authorization; each may occur once in a request."""
    query: tuple[Name, ...] = ()
    """Query parameters, such as api_key; each may occur once in a request."""
    cookies: tuple[Name, ...] = ()
    """The cookies of the login; each may occur once in a request. All others are sent too."""


class Options(BaseModel):
    """Whom to ask, how, and what the answer means."""

    model_config = ConfigDict(extra="forbid", frozen=True, use_attribute_docstrings=True)

    upstream: str
    """Name of the upstream that is asked."""
    url: str = Field(pattern=r"^/([!\"$-.0-~][!\"$-~]*)?$")
    """Path of its answer about who is signed in, such as /whoami; JSON."""
    anonymous: Anonymous | None = None
    """The answer that means nobody; 401, 403 and redirects mean it too."""
    subject: Pointer
    """Where the stable id of the person stands (JSON Pointer)."""
    name: Pointer | None = None
    """Where the person's name stands."""
    email: Pointer | None = None
    """Where the email address stands."""
    phone: Pointer | None = None
    """Where the phone number stands."""
    groups: Pointer | None = None
    """Where the list of groups stands."""
    session: Pointer | None = None
    """Where something stands that changes with each login; a change drops what was proven."""
    credentials: Credentials = Credentials()
    """What the application is asked with beside cookies."""
    ignore_cookies: tuple[Name, ...] = ()
    """Cookies that never tell who somebody is, such as `_ga*`; not sent with the question."""
    keep: Duration = Field(default=timedelta(seconds=30), le=timedelta(minutes=5))
    """How long an answer counts for the same credentials; at most 5m."""
    timeout: Duration = Field(
        default=timedelta(seconds=2), gt=timedelta(0), le=timedelta(seconds=2)
    )
    """How long to wait for an answer; at most 2s."""
    normalize: tuple[Fold, ...] = ()
    """Foldings that the application does too: nfkc, casefold."""

    @model_validator(mode="after")
    def _login_is_sent(self) -> Self:
        for glob in self.ignore_cookies:
            if not glob.strip("*?"):
                raise ValueError(f"ignore_cookies: {glob} would ignore every cookie")
            for name in self.credentials.cookies:
                if covers(glob, name):
                    raise ValueError(f"ignore_cookies: {glob} would ignore the credential {name}")
        return self


@dataclass(frozen=True, slots=True)
class _Carried:
    """The credentials of one request, as they will be asked with."""

    headers: RawHeaders = field(repr=False)
    queries: tuple[str, ...] = field(repr=False)

    def __bool__(self) -> bool:
        return bool(self.headers or self.queries)


class UpstreamSession:
    """Identities by the application's own session."""

    def __init__(self, options: Options, tools: Tools) -> None:
        self._options = options
        self._tools = tools
        declared = options.credentials
        carriers = Carriers(
            headers=frozenset(declared.headers),
            queries=frozenset(name.lower() for name in declared.query),
            cookies=frozenset(name.lower() for name in declared.cookies),
            any_cookie=True,
        )
        self.traits = SourceTraits(carriers, keep=options.keep)
        self._reading = Reading.of(carriers, options.ignore_cookies)

    def credential(self, request: RequestView) -> bytes | None:
        carried = self._carried(request)
        if not carried:
            return None
        # Neither the order nor the spelling of names may make a second key of one credential.
        named = sorted(
            ((name.lower(), value) for name, value in carried.headers), key=itemgetter(0)
        )
        pieces = [self._options.upstream.encode(), request.host.lower().encode()]
        pieces += [piece for pair in named for piece in pair]
        pieces += [piece for query in carried.queries for piece in (b"?", query.encode())]
        return b"".join(len(piece).to_bytes(4, "big") + piece for piece in pieces)

    async def identify(self, request: RequestView) -> Identity | None:
        carried = self._carried(request)
        if not carried:
            return None
        asked = await self._ask(request, carried)
        if asked.status in NOBODY:
            return None
        document = _document(asked)
        if self._is_nobody(document):
            return None
        return self._identity(document, asked)

    async def _ask(self, request: RequestView, carried: _Carried) -> Asked:
        url, options = self._options.url, self._options
        if carried.queries:
            url += ("&" if "?" in url else "?") + "&".join(carried.queries)
        host = request.host.encode()
        headers = (
            (b"Host", host),
            (b"Accept", b"application/json"),
            (b"Accept-Encoding", b"identity"),
            (b"X-Forwarded-Proto", request.scheme.encode()),
            (b"X-Forwarded-Host", host),
            *carried.headers,
        )
        try:
            return await self._tools.ask.ask(
                options.upstream,
                url.encode("ascii"),
                headers,
                timeout_s=options.timeout.total_seconds(),
                limit_bytes=LIMIT_BYTES,
            )
        except (UpstreamUnreachable, UpstreamTimedOut) as error:
            raise IdentityUnavailable(f"asking {options.upstream} failed: {error}") from error

    def _is_nobody(self, document: object) -> bool:
        rule = self._options.anonymous
        return rule is not None and same(_told(document, rule.pointer), rule.equals)

    def _identity(self, document: object, asked: Asked) -> Identity:
        options, tools = self._options, self._tools
        login, *known_as = self._logins(document)
        subject = subject_of(_told(document, options.subject), options.normalize)
        claims = Claims(
            name=_claim(document, options.name),
            email=_claim(document, options.email),
            phone=_claim(document, options.phone),
            groups=groups_of(_told(document, options.groups) if options.groups is not None else ()),
        )
        return Identity(
            Person(tools.realm, subject),
            tools.instance,
            claims,
            login=login,
            known_as=tuple(known_as),
            set_cookies=tuple(v for name, v in asked.headers if name.lower() == b"set-cookie"),
        )

    def _logins(self, document: object) -> tuple[str, ...]:
        """Return what stands for this login: keyed, for it may be the application's session id.

        Under every key that there is: sessions know it by the one of their time.
        """
        if self._options.session is None:
            return ("",)
        value = _told(document, self._options.session)
        if isinstance(value, bool) or not isinstance(value, str | int) or value == "":
            raise IdentityUnavailable("the answer names no session")
        data, keyed = f"login:{value}".encode(errors="surrogatepass"), self._tools.keyed
        return tuple(keyed(data, name).hex() for name in keyed.names)

    def _carried(self, request: RequestView) -> _Carried:
        reading = self._reading
        return _Carried(reading.fields(request.headers), reading.parameters(request.query))


def _document(asked: Asked) -> object:
    if asked.status != TOLD:
        raise IdentityUnavailable(f"asked who it is, the application answered {asked.status}")
    kinds = [value.lower() for name, value in asked.headers if name.lower() == b"content-type"]
    if any(b"html" in kind for kind in kinds):
        raise IdentityUnavailable("asked who it is, the application answered with a page")
    try:
        return read_json(asked.body)
    except ValueError:
        # Without the cause, which holds the answer and with it personal data.
        raise IdentityUnavailable("asked who it is, the application answered no JSON") from None


def _told(document: object, pointer: str) -> object:
    found = at(document, pointer)
    if found is MISSING:
        raise IdentityUnavailable(f"the application's answer has nothing at {pointer}")
    return found


def _claim(document: object, pointer: str | None) -> str:
    return claim_of(at(document, pointer)) if pointer is not None else ""


PLUGIN: Plugin[Options, IdentitySource] = Plugin(Options, UpstreamSession)
