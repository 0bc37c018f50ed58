"""Plugins for the command line: sound, with a defect, without a device, and none at all."""

from pydantic import BaseModel, ConfigDict

from sidecar.core.protocols import Factor, FactorTraits, Plugin, Tools
from tests.conformance.defects import TakesSuspended
from tests.conformance.sound import Pad, Token


class Options(BaseModel):
    """How long codes are."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    length: int = 12


def pad(options: Options, tools: Tools) -> Factor:
    del options, tools
    return Pad()


def suspended(options: Options, tools: Tools) -> Factor:
    del options, tools
    return TakesSuspended()


def never(options: Options, tools: Tools) -> Factor:
    del tools
    raise ValueError(f"cannot be {options.length} long")


class Half:
    """Has traits, and none of what a factor does."""

    traits = FactorTraits(proves="possession")


def half(options: Options, tools: Tools) -> Half:
    del options, tools
    return Half()


PLUGIN: Plugin[Options, Factor] = Plugin(Options, pad)
DEFECTIVE: Plugin[Options, Factor] = Plugin(Options, suspended)
UNBUILT: Plugin[Options, Factor] = Plugin(Options, never)
HALF: Plugin[Options, Half] = Plugin(Options, half)
DEVICE = "tests.conformance.sound:Token"
BY_HAND = Token
NO_DEVICE = 7
