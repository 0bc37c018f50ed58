"""The plugins that sidecar.yaml declares: resolved, their options validated, built once to ask."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import NoReturn, TypeVar, cast

from pydantic import BaseModel, ValidationError

from sidecar.core.assurance import Requirement, able
from sidecar.core.keyed import OneKey
from sidecar.core.model import Level
from sidecar.core.protocols import (
    Asked,
    FactorTraits,
    RawHeaders,
    SourceTraits,
    Tools,
)
from sidecar.core.transports import Transport, TransportTraits
from sidecar.loader import AnyPlugin, PluginFault, Role, build, resolve
from sidecar.settings.faults import Finding, Where, did_you_mean, within
from sidecar.settings.schema import PluginPart, Settings, SourcePart
from sidecar.settings.validate import findings_of

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Declared:
    """One plugin instance, ready to be built: `loader.build(plugin, options, tools)`."""

    name: str
    """The instance name."""
    role: Role
    realm: str
    """The realm of an identity source; the instance name unless declared."""
    plugin: AnyPlugin = field(repr=False)
    options: BaseModel = field(repr=False)
    factor: FactorTraits | None = None
    source: SourceTraits | None = None
    transport: TransportTraits | None = None


class _Inert:
    """Lends a plugin nothing: at this stage it is built to be asked for its traits only."""

    async def ask(
        self,
        upstream: str,
        target: bytes,
        headers: RawHeaders,
        *,
        timeout_s: float,
        limit_bytes: int,
    ) -> Asked:
        del target, headers, timeout_s, limit_bytes
        self._refuse(upstream)

    async def __call__(self, work: Callable[[], T]) -> T:
        self._refuse(type(work).__name__)

    async def call(
        self,
        method: str,
        url: str,
        headers: RawHeaders = (),
        body: bytes = b"",
        *,
        timeout_s: float,
        private: bool = False,
    ) -> Asked:
        del url, headers, body, timeout_s, private
        self._refuse(method)

    def transport(self, name: str) -> Transport:
        self._refuse(name)

    def now(self) -> datetime:
        self._refuse("now")

    def _refuse(self, what: str) -> NoReturn:
        raise RuntimeError(f"a plugin acts while the configuration is read: {what}")


def inert_tools(
    name: str,
    realm: str,
    origins: tuple[str, ...] = (),
    *,
    transport: Callable[[str], Transport] | None = None,
) -> Tools:
    """Return tools with which a plugin can be built and nothing done.

    Only another transport may be lent, to be asked for its traits.
    """
    inert = _Inert()
    lent = (inert, inert, inert.call, transport or inert.transport, inert.now)
    return Tools(name, realm, OneKey(b"inert"), *lent, origins=origins)


class _NotBuilt(LookupError):
    """A transport has a fault of its own, which is told already."""


@dataclass(slots=True)
class Plugins:
    """Declares every plugin of the settings and collects what is wrong with them."""

    settings: Settings
    upstreams: frozenset[str]
    """Every upstream name that is written, also one whose entry has a fault of its own."""
    found: list[Declared] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)
    _built: list[tuple[Declared, Where, object]] = field(default_factory=list)

    def declare(self, spoiled: frozenset[Where]) -> None:
        sections: tuple[tuple[Role, Mapping[str, PluginPart]], ...] = (
            (Role.IDENTITY, self.settings.identity),
            (Role.TRANSPORTS, self.settings.transports),
            (Role.FACTORS, self.settings.factors),
        )
        for role, parts in sections:
            for name, part in parts.items():
                if not within((role.value, name), spoiled):
                    self._declare(role, name, part)
        for declared, where, built in self._built:
            self.found += self._asked(declared, where, built)

    def _declare(self, role: Role, name: str, part: PluginPart) -> None:
        where: Where = (role.value, name)
        reference = part.plugin or name
        try:
            plugin = resolve(role, reference)
        except PluginFault as fault:
            place = (*where, "plugin") if part.plugin else where
            self.findings.append(Finding(place, fault.message, fault.hint))
            return
        options = self._options(plugin, part, where)
        if options is None:
            return
        realm = (part.realm or name) if isinstance(part, SourcePart) else ""
        declared = Declared(name, role, realm, plugin, options)
        self._build(declared, where)

    def _options(self, plugin: AnyPlugin, part: PluginPart, where: Where) -> BaseModel | None:
        written: dict[str, object] = dict(part.model_extra or {})
        model: type[BaseModel] = plugin.options
        try:
            options = model.model_validate(written)
        except ValidationError as error:
            self.findings += findings_of(error, model, where)
            return None
        found = [*self._loose(written, options, where), *self._links(options, where)]
        self.findings += found
        return None if found else options

    @staticmethod
    def _loose(written: dict[str, object], options: BaseModel, where: Where) -> Iterator[Finding]:
        """Only `true` and `false` are truth values, and neither is a number."""
        for name, field_ in type(options).model_fields.items():
            key = field_.alias or name
            value, given = getattr(options, name), written.get(key)
            if key in written and isinstance(value, bool) is not isinstance(given, bool):
                wanted = "true or false" if isinstance(value, bool) else "another kind of value"
                yield Finding((*where, key), f"{wanted} is expected here")

    def _links(self, options: BaseModel, where: Where) -> Iterator[Finding]:
        """`upstream` names one of the upstreams; `mtls` needs certificates to be asked for."""
        named = getattr(options, "upstream", None)
        if isinstance(named, str) and self.upstreams and named not in self.upstreams:
            hint = did_you_mean(named, self.upstreams) or "there is " + ", ".join(
                sorted(self.upstreams)
            )
            yield Finding((*where, "upstream"), f"there is no upstream {named!r}", hint)
        for key, name in transports_of(options):
            if name not in self.settings.transports:
                hint = did_you_mean(name, self.settings.transports)
                yield Finding((*where, *key), f"there is no transport {name!r}", hint)
        tls = self.settings.listen.tls
        if getattr(options, "mtls", False) is True and (tls is None or tls.client_ca is None):
            message = "nobody would ever be believed: listen.tls.client_ca is not given"
            yield Finding((*where, "mtls"), message)

    def _build(self, declared: Declared, where: Where) -> None:
        origins = tuple(map(str, self.settings.public))
        tools = inert_tools(declared.name, declared.realm, origins, transport=self._transport)
        try:
            built = build(declared.plugin, declared.options, tools)
        except Exception as error:  # noqa: BLE001 - a plugin may raise anything; all is reported
            self._refused(where, error)
        else:
            self._built.append((declared, where, built))

    def _refused(self, where: Where, error: Exception) -> None:
        said = str(error) if isinstance(error, ValueError) else type(error).__name__
        self.findings.append(Finding(where, f"cannot be built: {said}"))

    def _transport(self, name: str) -> Transport:
        """Return a transport that can only be asked what it carries.

        Raises:
            _NotBuilt: it has a fault.

        """
        for declared, _, built in self._built:
            if declared.role is Role.TRANSPORTS and declared.name == name:
                return cast("Transport", built)
        raise _NotBuilt(name)

    def _asked(self, declared: Declared, where: Where, built: object) -> Iterator[Declared]:
        """Yield the declaration with its traits; those of a transport may be made of others'."""
        try:
            traits: object = getattr(built, "traits", None)
        except _NotBuilt:
            return
        except RecursionError:
            self.findings.append(Finding(where, "these transports choose each other in a circle"))
            return
        except Exception as error:  # noqa: BLE001 - a plugin may raise anything; all is reported
            self._refused(where, error)
            return
        same = (declared.name, declared.role, declared.realm, declared.plugin, declared.options)
        if declared.role is Role.FACTORS and isinstance(traits, FactorTraits):
            self.findings += _lacking(built, traits, where)
            yield Declared(*same, factor=traits)
        elif declared.role is Role.IDENTITY and isinstance(traits, SourceTraits):
            yield Declared(*same, source=traits)
        elif declared.role is Role.TRANSPORTS and isinstance(traits, TransportTraits):
            yield Declared(*same, transport=traits)
        else:
            self.findings.append(Finding(where, f"the plugin is no {declared.role.value} plugin"))


def _lacking(built: object, traits: FactorTraits, where: Where) -> Iterator[Finding]:
    """A factor that says it takes seeds has the methods for them (`Seeded`)."""
    lacks = [name for name in ("adopt", "seed") if not callable(getattr(built, name, None))]
    if traits.seeded and lacks:
        yield Finding(
            where, f"the plugin says that it is seeded, and has no {' and no '.join(lacks)}"
        )


def transports_of(options: BaseModel) -> Iterator[tuple[Where, str]]:
    """Yield where and which transports a plugin names: `transport: mail`, `of: [a, b]`."""
    named = getattr(options, "transport", None)
    if isinstance(named, str):
        yield ("transport",), named
    several = getattr(options, "of", ())
    if isinstance(several, tuple):
        yield from ((("of", at), name) for at, name in enumerate(several) if isinstance(name, str))


def discounted(settings: Settings, declared: Iterable[Declared]) -> frozenset[str]:
    """Return the factors that the profile does not let count as a second one."""
    if not settings.profile.strict:
        return frozenset()
    return frozenset(item.name for item in declared if item.factor and not item.factor.strict)


def levels_of(
    declared: Iterable[Declared], discount: frozenset[str] = frozenset()
) -> Mapping[str, Level]:
    """Return the level that a proof of each configured factor gives."""
    return {
        item.name: Level.ONE_FACTOR if item.name in discount else item.factor.strongest
        for item in declared
        if item.factor is not None
    }


def able_first(
    declared: Iterable[Declared], need: Requirement, discount: frozenset[str]
) -> tuple[str, ...]:
    """Return the factors by which somebody who has no other could satisfy the need."""
    first = [item for item in declared if item.factor and not item.factor.stands_in]
    return able([item.name for item in first], need, levels_of(first, discount))
