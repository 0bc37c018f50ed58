"""What the configuration says, in the words of each part: pure translations, nothing is opened."""

import secrets
import ssl
from pathlib import Path

from joserfc.jwk import ECKey

from sidecar import bundled
from sidecar.core.protocols import Clock
from sidecar.flows.budgets import Budgets
from sidecar.flows.kit import FirstEnrollment, Remembering
from sidecar.flows.naming import Naming
from sidecar.letters import LetterWriter, Sender
from sidecar.metrics.ledger import Ledger, Names
from sidecar.proxy.contract import Contract
from sidecar.proxy.headers import is_managed
from sidecar.proxy.identify import CarrierRules, Identifier
from sidecar.proxy.limits import Limits
from sidecar.proxy.route import Destination, Login, Router
from sidecar.proxy.upstream import Upstream
from sidecar.settings.edges import Tls
from sidecar.settings.load import Loaded
from sidecar.settings.schema import Settings, Unidentified
from sidecar.signing import PURPOSE, signing_key
from sidecar.storage.chores import Sweeper
from sidecar.storage.sql import SqlStore
from sidecar.storage.sweep import Retention
from sidecar.storage.tuning import Tuning
from sidecar.storage.vault import KeyRing, RootKey
from sidecar.web.desk import Site
from sidecar.web.render import Branding, Renderer


def key_ring(loaded: Loaded) -> KeyRing:
    """Return the ring of the configured root keys."""
    return KeyRing(tuple(RootKey(key.id, key.secret, key.active) for key in loaded.keys))


def tuning(settings: Settings) -> Tuning:
    """Return what a request may wait for while the database is slow, and how many ask it."""
    part = settings.storage
    return Tuning(
        readers=part.pool.readers,
        writers=part.pool.writers,
        wait_s=part.wait.total_seconds(),
        statement_s=part.statement.total_seconds(),
    )


def signing_keys(ring: KeyRing) -> tuple[ECKey, ...]:
    """Return the key that signs, and after it those whose signatures count too."""
    return tuple(signing_key(ring.purpose_key(PURPOSE, which)) for which in ring.holders(PURPOSE))


def upstreams(settings: Settings) -> dict[str, Upstream]:
    """Return the applications as the pool knows them."""
    return {
        name: Upstream(
            name=name,
            url=part.url,
            connect_timeout_s=part.connect_timeout.total_seconds(),
            head_timeout_s=part.head_timeout.total_seconds(),
            answer_idle_s=part.idle_timeout.total_seconds() or None,
            total_timeout_s=part.total_timeout.total_seconds() if part.total_timeout else None,
            idle_s=part.keep_alive.total_seconds(),
            max_connections=part.max_connections,
            max_pending=part.max_pending,
            ca_file=part.ca_file,
            server_name=part.server_name.strip("[]") if part.server_name else None,
            client_cert=part.client_cert,
            client_key=part.client_key,
        )
        for name, part in settings.upstreams.items()
    }


def router(loaded: Loaded) -> Router:
    """Return what routes by the compiled policy."""
    settings = loaded.settings
    return Router(
        loaded.policy,
        tuple(
            Destination(name, settings.authorities(part.hosts), part.treatments)
            for name, part in settings.upstreams.items()
        ),
        prefix=settings.pages.prefix,
        login=Login(settings.login.paths, settings.login.logout),
        passes_unidentified=settings.unidentified is Unidentified.PASS,
        websocket_origins=frozenset(settings.websocket.origins),
    )


def ledger(loaded: Loaded) -> Ledger:
    """Return where the workers count, by the names that the configuration gives."""
    settings = loaded.settings
    rules = tuple(rule.name for rule in loaded.policy.rules)
    names = Names(
        *(rules, tuple(settings.upstreams), tuple(settings.identity), tuple(settings.factors)),
        transports=tuple(settings.transports),
        regions=settings.messages.regions,
    )
    return Ledger(names, settings.workers)


def carriers(settings: Settings) -> CarrierRules:
    """Return where credentials may travel, beside cookies."""
    written = settings.credential_carriers
    return CarrierRules(
        frozenset(name.lower() for name in written.headers),
        frozenset(name.lower() for name in written.query),
    )


def renderer(loaded: Loaded) -> Renderer:
    """Return what renders the pages under the operator's name, with what plugins brought.

    Raises:
        Unusable: a file that a plugin brought cannot be used.

    """
    pages = loaded.settings.pages
    branding = Branding(pages.name, pages.help, pages.help_url or "")
    brought = folders(loaded)
    return Renderer(bundled.TEMPLATES, branding=branding, prefix=pages.prefix, brought=brought)


def folders(loaded: Loaded) -> tuple[Path, ...]:
    """Return the folders of the declared plugins' own files, each once."""
    named = (item.plugin.files for item in loaded.declared)
    return tuple(dict.fromkeys(folder for folder in named if folder is not None))


def bringer(loaded: Loaded, path: Path) -> tuple[str, ...]:
    """Return where the plugin is declared that brought the file; nowhere for one of ours."""
    for item in loaded.declared:
        if item.plugin.files is not None and path.is_relative_to(item.plugin.files):
            return item.role.value, item.name
    return ()


def letters(loaded: Loaded, renderer: Renderer) -> LetterWriter:
    """Return what writes messages, in the languages of the pages."""
    pages, origin = loaded.settings.pages, loaded.settings.public[0]
    labels = {item.name: item.factor.label for item in loaded.factors if item.factor}
    help_url = pages.help_url or ""
    sender = Sender(pages.name, origin.host, pages.help, help_url, kinds(loaded), labels)
    return LetterWriter((bundled.TEMPLATES, *folders(loaded)), renderer.catalogs, sender)


def kinds(loaded: Loaded) -> dict[str, str]:
    """Return the plugin behind each factor, which the templates have words for."""
    return {
        name: name if ":" in (part.plugin or "") else part.plugin or name
        for name, part in loaded.settings.factors.items()
    }


def app_factor(settings: Settings) -> str:
    """Return the name of the factor of authenticator apps; empty where none is configured."""
    named = (name for name, part in settings.factors.items() if (part.plugin or name) == "totp")
    return next(named, "")


def site(loaded: Loaded) -> Site:
    """Return what pages need to know of the installation."""
    settings = loaded.settings
    redirects = settings.unidentified is Unidentified.REDIRECT
    plain = [path for path in settings.login.logout if "*" not in path]
    return Site(
        login_page=(settings.login.page or "") if redirects else "",
        logout=plain[0] if plain else "",
        kinds=kinds(loaded),
    )


def limits(settings: Settings) -> Limits:
    """Return what one client may cost."""
    written = settings.limits
    return Limits(
        target_bytes=written.target,
        field_bytes=written.field,
        head_bytes=written.head,
        fields=written.fields,
        pipelined=written.pipelined,
        head_s=written.head_time.total_seconds(),
        keep_alive_s=written.keep_alive.total_seconds(),
        body_idle_s=written.body_idle.total_seconds(),
        write_idle_s=written.write_idle.total_seconds(),
        tunnel_idle_s=written.tunnel_idle.total_seconds(),
        connections=written.connections,
        connections_per_address=written.connections_per_address,
    )


def first_enrollment(settings: Settings) -> FirstEnrollment:
    """Return how a person sets up a first factor, and when a stronger one counts."""
    part = settings.enrollment
    return FirstEnrollment(part.first, part.until, part.hold)


def budgets(settings: Settings) -> Budgets:
    """Return how many messages may be sent, and where to."""
    part = settings.messages
    return Budgets(
        regions=part.regions,
        per_person_daily=part.per_person_daily,
        per_destination_daily=part.per_destination_daily,
        per_region_daily=part.per_region_daily,
        daily=part.daily,
        least_verified=part.least_verified,
        stop_unverified=part.stop_unverified,
    )


def sweeper(loaded: Loaded, store: SqlStore, clock: Clock) -> Sweeper:
    """Return what sweeps the store in this process, under a name that no other one has."""
    part, longest = loaded.settings.retention, loaded.settings.session.lifetime
    keep = Retention(part.attempts, part.challenges, part.sessions, part.outbox, longest)
    return Sweeper(store, secrets.token_hex(16), clock, keep)


def remembering(settings: Settings) -> Remembering:
    """Return for how long browsers are remembered; NIST 800-63B §5.1 knows no such thing."""
    part = settings.trusted_devices
    if not part.enabled or settings.profile.nist:
        return Remembering()
    return Remembering(part.lifetime, frozenset(part.not_after))


def naming(loaded: Loaded) -> Naming:
    """Return who a user id means: the realms of the sources, and how each folds names."""
    return Naming(
        {source.realm: getattr(source.options, "normalize", ()) for source in loaded.sources}
    )


def key_domains(loaded: Loaded) -> dict[str, str]:
    """Return the factors that hold public keys, with the domain to which each binds them."""
    options = {item.name: getattr(item.options, "rp_id", None) for item in loaded.factors}
    return {name: domain for name, domain in options.items() if isinstance(domain, str)}


def contract(identifier: Identifier, ring: KeyRing) -> Contract:
    """Return which fields of requests are ours, whose, and what carries credentials."""
    return Contract(
        keep=frozenset(name for name in identifier.declared_headers if is_managed(name)),
        owned=identifier.owned_headers,
        carriers=identifier.carrier_headers,
        undeclared=identifier.undeclared_headers,
        pseudonym=b"sidecar-" + ring.keyed("via", b"").hex()[:8].encode("ascii"),
    )


def tls_context(tls: Tls | None) -> ssl.SSLContext | None:
    """Return how TLS is served up to this process, if it is.

    Raises:
        OSError: a certificate or key file cannot be used.

    """
    if tls is None:
        return None
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.load_cert_chain(tls.cert, tls.key)
    if tls.client_ca is not None:
        context.load_verify_locations(tls.client_ca)
        context.verify_mode = ssl.CERT_OPTIONAL
    return context
