"""What a profile demands of the settings: published requirements, with their numbers."""

from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Final

from sidecar.core.durations import show_duration
from sidecar.settings.declared import Declared
from sidecar.settings.draft import Draft
from sidecar.settings.faults import Finding, did_you_mean
from sidecar.settings.schema import Profile

LONGEST: Final = {
    Profile.ASVS_L3: (timedelta(hours=1), timedelta(hours=24)),
    Profile.NIST_AAL2: (timedelta(hours=1), timedelta(hours=24)),
    Profile.NIST_AAL3: (timedelta(minutes=15), timedelta(hours=12)),
}
"""Idleness and lifetime of a session. Source: NIST 800-63B §2.2.3, §2.3.3."""
LONGEST_HOLD: Final = timedelta(days=7)
LONGEST_TRUST: Final = timedelta(days=90)
TIMEOUTS: Final = (timedelta(milliseconds=100), timedelta(seconds=30))


def session(draft: Draft) -> Iterator[Finding]:
    """Sessions last no longer than the profile lets them."""
    part, profile = draft.settings.session, draft.settings.profile
    if not profile.strict:
        return
    values = (("idle", part.idle), ("lifetime", part.lifetime))
    for (key, value), most in zip(values, LONGEST[profile], strict=True):
        if value > most:
            message = f"is longer than the {show_duration(most)} of profile {profile.value}"
            yield Finding(("session", key), message)


def factors(draft: Draft) -> Iterator[Finding]:
    """The factors are those that the profile allows, and one resists phishing."""
    profile = draft.settings.profile
    if not profile.strict:
        return
    for item in draft.declared:
        if item.factor is None:
            continue
        if item.factor.restricted and profile is Profile.ASVS_L3:
            message = "text messages are no factor in profile asvs-l3 (ASVS 6.6.1)"
            yield Finding(("factors", item.name), message, "remove it, or choose another profile")
        if not item.factor.strict:
            message = f"counts for nothing as a second factor in profile {profile.value}"
            hint = "messages still go to addresses that were verified by it"
            yield Finding(("factors", item.name), message, hint, warning=True)
        yield from _totp(draft, item)
        yield from _keys(draft, item)
    resistant = any(item.factor and item.factor.phishing_resistant for item in draft.declared)
    if draft.factors_known and not resistant:
        message = f"profile {profile.value} offers a way that resists phishing"
        yield Finding(("factors",), message, "add webauthn (NIST 800-63B §2.2.2)")


def kinds(draft: Draft) -> Iterator[Finding]:
    """A factor is another kind of evidence than a password (NIST 800-63B §2.2.1, ASVS 6.5.7)."""
    for item in draft.declared:
        if item.factor is not None and item.factor.proves != "possession":
            message = f"proves {item.factor.proves}, which is no second factor beside a login"
            hint = "its proofs count as one factor"
            yield Finding(("factors", item.name), message, hint, warning=True)


def _totp(draft: Draft, item: Declared) -> Iterator[Finding]:
    """ASVS 6.5.5 lets a code of an app live for 30 s: no step before, no learned drift."""
    if draft.settings.profile is not Profile.ASVS_L3 or _plugin(draft, item) != "totp":
        return
    for key in ("window", "max_drift"):
        if getattr(item.options, key, 0):
            message = "profile asvs-l3 takes a code in its own 30 seconds only (ASVS 6.5.5)"
            yield Finding(("factors", item.name, key), message, f"write {key}: 0")
    if getattr(item.options, "period", 30) > timedelta(seconds=30).total_seconds():
        message = "is longer than the 30 seconds of profile asvs-l3 (ASVS 6.5.5)"
        yield Finding(("factors", item.name, "period"), message)


def _keys(draft: Draft, item: Declared) -> Iterator[Finding]:
    """NIST AAL3: keys that leave their device, or that ask for no PIN, are not enough."""
    if draft.settings.profile is not Profile.NIST_AAL3 or _plugin(draft, item) != "webauthn":
        return
    if not getattr(item.options, "device_bound_only", False):
        message = "profile nist-aal3 takes no synced passkeys (NIST 800-63B §2.3.2)"
        yield Finding(("factors", item.name), message, "write device_bound_only: true")
    if getattr(item.options, "user_verification", "") != "required":
        message = "profile nist-aal3 needs a PIN or biometric with each key"
        yield Finding(("factors", item.name), message, "write user_verification: required")


def _plugin(draft: Draft, item: Declared) -> str:
    return draft.settings.factors[item.name].plugin or item.name


def enrollment(draft: Draft) -> Iterator[Finding]:
    """A new authenticator is guarded, for long enough to be noticed and not for ever."""
    part, profile = draft.settings.enrollment, draft.settings.profile
    if part.first == "open" and profile.strict:
        message = f"profile {profile.value} lets nobody in who knows a password only"
        yield Finding(("enrollment", "first"), message, "write invited or confirmed")
    if part.hold > LONGEST_HOLD:
        yield Finding(("enrollment", "hold"), "is longer than a week")
    elif not part.hold and profile.strict:
        message = "whoever is in a session can make it stronger at once"
        yield Finding(("enrollment", "hold"), message, "write hold: 24h", warning=True)


def trusted(draft: Draft) -> Iterator[Finding]:
    """Browsers are remembered where the profile lets them be, and not for ever."""
    part, profile = draft.settings.trusted_devices, draft.settings.profile
    if part.enabled and profile.nist:
        message = f"profile {profile.value} remembers no browser (NIST 800-63B §5.1)"
        yield Finding(("trusted_devices", "enabled"), message, "write enabled: false")
    if not part.lifetime or part.lifetime > LONGEST_TRUST:
        yield Finding(("trusted_devices", "lifetime"), "is between a moment and 90 days")
    for index, name in enumerate(part.not_after):
        if name not in draft.factors:
            hint = did_you_mean(name, draft.factors)
            where = ("trusted_devices", "not_after", index)
            yield Finding(where, f"no factor is called {name!r}", hint)


def exempt(draft: Draft) -> Iterator[Finding]:
    """Nobody passes without a factor unless the operator wrote so, and no profile knows of it."""
    if not draft.settings.policy.exempt_disabled or not draft.sound("policy"):
        return
    where, profile = ("policy", "exempt_disabled"), draft.settings.profile
    if profile.strict:
        message = f"profile {profile.value} lets nobody pass with one factor where two are asked"
        yield Finding(where, message, "write exempt_disabled: false")
        return
    message = "whoever may call POST /disable can lift two-step sign-in for anybody"
    yield Finding(where, message, "resets and recovery need no exemption", warning=True)


def plugin_timeout(draft: Draft) -> Iterator[Finding]:
    """A plugin has time to answer, and nobody waits for it for ever."""
    least, most = TIMEOUTS
    if not least <= draft.settings.plugin_timeout <= most:
        message = f"is between {show_duration(least)} and {show_duration(most)}"
        yield Finding(("plugin_timeout",), message)


CHECKS: Final[tuple[Callable[[Draft], Iterator[Finding]], ...]] = (
    session,
    factors,
    kinds,
    enrollment,
    trusted,
    exempt,
    plugin_timeout,
)
