"""One file becomes everything the sidecar is told, or every fault that it has."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path

from sidecar.core.model import Level
from sidecar.core.policy import Policy
from sidecar.loader import Role
from sidecar.settings import check, check_messages, check_profile, check_rules
from sidecar.settings.declared import Declared, Plugins, discounted, levels_of
from sidecar.settings.draft import Draft
from sidecar.settings.faults import ConfigError, Fault, Finding, Places, Where, within
from sidecar.settings.keys import Ring, RootKey
from sidecar.settings.policy import compile_policy
from sidecar.settings.references import References
from sidecar.settings.schema import Settings
from sidecar.settings.source import Data, read_source
from sidecar.settings.validate import validate

_JUDGES = (*check.CHECKS, *check_rules.CHECKS, *check_messages.CHECKS, *check_profile.CHECKS)


@dataclass(frozen=True, slots=True)
class Loaded:
    """A configuration without faults."""

    settings: Settings
    declared: tuple[Declared, ...]
    keys: tuple[RootKey, ...] = field(repr=False)
    policy: Policy
    places: Places = field(repr=False)
    warnings: tuple[Fault, ...] = ()

    @property
    def factors(self) -> tuple[Declared, ...]:
        """The declared factors, in the order of the file."""
        return tuple(item for item in self.declared if item.role is Role.FACTORS)

    @property
    def sources(self) -> tuple[Declared, ...]:
        """The declared identity sources, in the order in which they are asked."""
        return tuple(item for item in self.declared if item.role is Role.IDENTITY)

    @property
    def transports(self) -> tuple[Declared, ...]:
        """The declared transports, in the order of the file."""
        return tuple(item for item in self.declared if item.role is Role.TRANSPORTS)

    @property
    def levels(self) -> Mapping[str, Level]:
        """The level that a proof of each factor gives."""
        return levels_of(self.declared, self.discounted)

    @property
    def discounted(self) -> frozenset[str]:
        """The factors that the profile does not let count as a second one."""
        return discounted(self.settings, self.declared)


def load_settings(
    path: Path, env: Mapping[str, str], now: datetime, *, secrets: bool = True
) -> Loaded:
    """Return the configuration of a file.

    With `secrets` false, references and keys that are missing here are no faults: for checking a
    file where its secrets are not.

    Raises:
        ConfigError: it has faults; all of them are told, warnings included.

    """
    source = read_source(path)
    if not isinstance(source.data, dict):
        wrong = source.findings or (Finding((), "a mapping is expected here"),)
        raise ConfigError(tuple(map(source.places.fault, wrong)))
    reading = _Reading(env, now, secrets=secrets)
    loaded = reading.read(source.data, source.places)
    faults = _told(source.places, [*source.findings, *reading.findings])
    if loaded is None or any(not fault.warning for fault in faults):
        raise ConfigError(faults)
    return replace(loaded, warnings=faults)


def _told(places: Places, findings: list[Finding]) -> tuple[Fault, ...]:
    faults = dict.fromkeys(places.fault(finding) for finding in findings)
    return tuple(sorted(faults, key=lambda fault: (fault.line, fault.path)))


class _Reading:
    """The stages of one reading; what a stage finds wrong hides no other stage's findings."""

    def __init__(self, env: Mapping[str, str], now: datetime, *, secrets: bool) -> None:
        self._env = env
        self._now = now
        self._secrets = secrets
        self._spoiled: frozenset[Where] = frozenset()
        self.findings: list[Finding] = []

    def read(self, written: dict[str, Data], places: Places) -> Loaded | None:
        data = self._expand(written)
        settings = self._validate(data)
        declared = self._declare(settings, data)
        keys = self._open(settings)
        policy = self._compile(settings)
        names = _names(data, "factors")
        draft = Draft(settings, declared, names, policy, self._spoiled, self._now)
        for judge in _JUDGES:
            self._add(judge(draft))
        if policy is None:
            return None
        return Loaded(settings, declared, keys, policy, places)

    def _add(self, found: Iterable[Finding]) -> None:
        """Keep findings, but none about a place of which something is already said."""
        self.findings += [finding for finding in found if not within(finding.where, self._spoiled)]

    def _expand(self, written: dict[str, Data]) -> dict[str, Data]:
        references = References(self._env)
        data = references.data(written)
        lost = frozenset(finding.where for finding in references.findings)
        if self._secrets:
            self.findings += references.findings
        self._spoiled |= lost
        return data if isinstance(data, dict) else {}

    def _validate(self, data: dict[str, Data]) -> Settings:
        validated = validate(data)
        self._add(validated.findings)
        self._spoiled |= validated.spoiled
        return validated.settings

    def _declare(self, settings: Settings, data: dict[str, Data]) -> tuple[Declared, ...]:
        plugins = Plugins(settings, _names(data, "upstreams"))
        plugins.declare(self._spoiled)
        self._add(plugins.findings)
        return tuple(plugins.found)

    def _compile(self, settings: Settings) -> Policy | None:
        try:
            return compile_policy(settings)
        except ValueError as error:
            self._add([Finding(("policy", "rules"), str(error))])
            return None

    def _open(self, settings: Settings) -> tuple[RootKey, ...]:
        if not self._secrets:
            return ()
        ring = Ring(self._env, self._spoiled)
        ring.open(settings.keys)
        whole = all(place[0] != "keys" for place in self._spoiled if place)
        self._add(finding for finding in ring.findings if whole or finding.where != ("keys",))
        return tuple(ring.keys)


def _names(data: dict[str, Data], section: str) -> frozenset[str]:
    written = data.get(section)
    return frozenset(written) if isinstance(written, dict) else frozenset()
