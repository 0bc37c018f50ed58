"""What a factor says of itself and shows: true to our words, with a template for everything."""

from collections.abc import Iterator

from sidecar.bundled import TEMPLATES
from sidecar.conformance.case import Broken, Case
from sidecar.conformance.world import Step, a_world
from sidecar.core.messages import Message
from sidecar.core.model import Level, Prompt, Started, Verified
from sidecar.core.protocols import FactorTraits

PROVES = frozenset({"possession", "inherence", "knowledge"})


async def honest(case: Case) -> None:
    """Traits and proofs say what is the case: what was proven, by which authenticator, and how."""
    for fault in _untrue(case.build().traits):
        raise Broken(fault)
    world = await a_world(case)
    opened = await world.begin()
    outcome = await world.finish(opened, world.answer(opened))
    if not isinstance(outcome, Verified):
        raise Broken("the device's own answer was rejected")
    if outcome.authenticator_id != world.authenticator.id:
        raise Broken("a proof names an authenticator that the factor was not given")
    if bool(outcome.amr) is not bool(world.case.build().traits.amr):
        raise Broken("traits and proofs do not agree whether RFC 8176 has a word for them (amr)")


async def prompts(case: Case) -> None:
    """Every kind of prompt has a template: one of ours, or one in the plugin's own `files`."""
    for started in await _begun(case):
        _shown(case, started.prompt)


async def messages(case: Case) -> None:
    """Every message has a template and goes by the channel that the traits name."""
    channel = case.build().traits.channel
    for started in await _begun(case):
        for message in started.messages:
            if message.channel != channel:
                raise Broken(f"a message goes by {message.channel!r}, the traits name {channel!r}")
            _written(case, message)


def _untrue(traits: FactorTraits) -> Iterator[str]:
    if type(traits) is not FactorTraits:
        yield "traits are no FactorTraits"
    elif traits.proves not in PROVES:
        yield f"it proves {traits.proves!r}, which is none of {', '.join(sorted(PROVES))}"
    elif traits.level is Level.PHISHING_RESISTANT and not traits.phishing_resistant:
        yield "its level is phishing_resistant, and it does not say that it is"


async def _begun(case: Case) -> list[Started]:
    """Return every step that a person is shown, and what is revealed at the end."""
    begun: list[Started] = []

    async def keep(step: Step) -> None:
        begun.append(step.started)

    world = await a_world(case, at=keep)
    begun.append((await world.begin()).started)
    if world.enrolled.reveal is not None:
        begun.append(Started(world.enrolled.reveal))
    return begun


def _shown(case: Case, prompt: Prompt) -> None:
    if not _there(case, f"prompts/{prompt.kind}.html"):
        raise Broken(f"there is no template for a prompt of kind {prompt.kind!r}")


def _written(case: Case, message: Message) -> None:
    if not _there(case, f"messages/{message.template}.txt"):
        raise Broken(f"there is no template for the message {message.template!r}")


def _there(case: Case, name: str) -> bool:
    own = case.files is not None and (case.files / name).is_file()
    return own or (TEMPLATES / name).is_file()
