"""`sidecar plugins`: list plugins, and try whether one keeps what plugins promise."""

import asyncio
import importlib
import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Annotated, Final, cast

import typer
from pydantic import BaseModel, ValidationError

from sidecar.bundled import plugin_names
from sidecar.cli.loading import DEFAULT_PATH, ConfigOption, load
from sidecar.conformance.case import Case, Device
from sidecar.conformance.devices import BUNDLED, by_channel
from sidecar.conformance.lent import lent
from sidecar.conformance.suite import Finding, run
from sidecar.core.protocols import Factor
from sidecar.loader import AnyPlugin, PluginFault, Role, build, resolve
from sidecar.settings.declared import Declared
from sidecar.settings.source import read_source
from sidecar.settings.validate import findings_of

FAILED: Final = 1
"""Exit status where the plugin breaks a promise; 2 is for a command that cannot be carried out."""
METHODS: Final = ("begin_enrollment", "finish_enrollment", "begin_challenge", "finish_challenge")

app = typer.Typer(
    name="plugins",
    help="List plugins, and try whether one keeps what plugins promise.",
    no_args_is_help=True,
)

JsonOption = Annotated[bool, typer.Option("--json", help="Print data for programs.")]


@app.callback()
def plugins() -> None:
    """List plugins, and try whether one keeps what plugins promise."""


# --- list -----------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Row:
    """One plugin: bundled, or declared in the configuration."""

    role: str
    plugin: str
    """As the configuration names it."""
    instance: str
    """Its key in sidecar.yaml; empty where it is not declared."""
    origin: str
    """`bundled`, or the file that it comes from."""
    traits: tuple[str, ...] = ()


@app.command("list")
def show(config: ConfigOption = DEFAULT_PATH, as_json: JsonOption = False) -> None:
    """Print the bundled plugins and those that the configuration declares."""
    declared = load(config, secrets=False).declared if config.exists() else ()
    rows = [*map(_declared, declared), *_undeclared(declared)]
    if as_json:
        typer.echo(json.dumps([asdict(row) for row in rows], indent=2))
        return
    head = ("role", "plugin", "instance", "from", "traits")
    cells = [
        (row.role, row.plugin, row.instance or "-", row.origin, " ".join(row.traits))
        for row in sorted(rows, key=lambda row: (row.role, not row.instance, row.plugin))
    ]
    for line in table(head, cells):
        typer.echo(line)


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> Iterator[str]:
    """Yield lines whose columns stand below each other."""
    widths = [max(map(len, column)) for column in zip(head, *rows, strict=True)]
    for row in (head, *rows):
        cells = (cell.ljust(width) for cell, width in zip(row, widths, strict=True))
        yield "  ".join(cells).rstrip()


def _declared(item: Declared) -> Row:
    module = importlib.import_module(item.plugin.options.__module__)
    ours = item.plugin.options.__module__.startswith("sidecar.plugins.")
    origin = "bundled" if ours else str(module.__file__)
    name = item.plugin.options.__module__.rpartition(".")[2] if ours else module.__name__
    return Row(item.role.value, name, item.name, origin, tuple(_traits(item)))


def _undeclared(declared: Sequence[Declared]) -> Iterator[Row]:
    used = {(row.role, row.plugin) for row in map(_declared, declared)}
    for role in Role:
        for name in plugin_names(role.value):
            if (role.value, name) not in used:
                yield Row(role.value, name, "", "bundled")


def _traits(item: Declared) -> Iterator[str]:
    if (factor := item.factor) is not None:
        yield factor.strongest.word
        yield factor.proves
        flags = ("restricted", "only_one", "stands_in")
        yield from (flag for flag in flags if getattr(factor, flag))
        if factor.channel:
            yield f"channel={factor.channel}"
    elif item.source is not None:
        yield f"realm={item.realm}"
    elif item.transport is not None:
        yield from (f"channel={channel}" for channel in sorted(item.transport.channels))


# --- test -----------------------------------------------------------------------------------------


@app.command("test")
def prove(
    reference: Annotated[str, typer.Argument(help="A bundled factor, or `module:PLUGIN`.")],
    *,
    options: Annotated[
        Path | None, typer.Option(help="YAML or JSON file with the plugin's options.")
    ] = None,
    device: Annotated[
        str, typer.Option(help="`module:ATTR` that answers; else DEVICE beside the plugin.")
    ] = "",
    timeout: Annotated[float, typer.Option(help="Seconds that one call may take.")] = 5.0,
    as_json: JsonOption = False,
) -> None:
    """Try a factor: exit 0 where it keeps every promise, 1 where not, 2 where it cannot be tried.

    Docs: docs/plugins.md.
    """
    try:
        case = _case(reference, options, device, timeout)
    except PluginFault as fault:
        typer.echo(f"{fault.message}{f' ({fault.hint})' if fault.hint else ''}", err=True)
        raise typer.Exit(2) from fault
    findings = asyncio.run(run(case))
    if as_json:
        typer.echo(json.dumps([asdict(finding) for finding in findings], indent=2))
    else:
        for line in report(reference, findings):
            typer.echo(line)
    if any(finding.broken for finding in findings):
        raise typer.Exit(FAILED)


def report(name: str, findings: Sequence[Finding]) -> Iterator[str]:
    """Yield what people read: a line for each check, and below it what is wrong and what to do."""
    width = max(len(finding.check) for finding in findings)
    for finding in findings:
        mark = "BROKEN" if finding.broken else "-     " if finding.skipped else "kept  "
        yield f"{mark}  {finding.check.ljust(width)}  {finding.promise}"
        if finding.broken:
            yield f"{' ' * (width + 10)}  {finding.broken}"
            yield f"{' ' * (width + 10)}  to do: {finding.advice}"
    broken = sum(finding.broken is not None for finding in findings)
    skipped = sum(finding.skipped for finding in findings)
    kept = len(findings) - broken - skipped
    yield f"{name}: {kept} kept, {broken} broken, {skipped} not tried"


def _case(reference: str, options: Path | None, device: str, timeout: float) -> Case:
    """Return what is to be tried.

    Raises:
        PluginFault: it cannot be: no such plugin, wrong options, nothing that answers.

    """
    plugin = resolve(Role.FACTORS, reference)
    made = _options(plugin, reference, options)

    def built() -> Factor:
        return cast("Factor", build(plugin, made, lent(reference)))

    factor = _tried(built)
    if not all(hasattr(factor, name) for name in (*METHODS, "traits")):
        raise PluginFault(f"{reference!r} builds no factor", "only factors can be tried")
    answering = _device(reference, device, factor.traits.channel)
    return Case(reference, built, answering, plugin.files, timeout)


def _tried(built: Callable[[], Factor]) -> Factor:
    try:
        return built()
    except Exception as error:
        raise PluginFault(f"cannot be built: {type(error).__name__}: {error}") from error


def _options(plugin: AnyPlugin, reference: str, path: Path | None) -> BaseModel:
    known = BUNDLED.get(reference)
    written: object = dict(known.options) if known else {}
    if path is not None:
        source = read_source(path)
        if source.findings or not isinstance(source.data, dict):
            said = source.findings[0].message if source.findings else "a mapping is expected"
            raise PluginFault(f"{path}: {said}")
        written = source.data
    model: type[BaseModel] = plugin.options
    try:
        return model.model_validate(written)
    except ValidationError as error:
        found = findings_of(error, model, ())
        said = "; ".join(f"{'.'.join(map(str, one.where))}: {one.message}" for one in found)
        raise PluginFault(f"options: {said}", "give them in a file: --options") from error


def _device(reference: str, named: str, channel: str) -> Callable[[], Device]:
    """Return what answers: what the command names, what the plugin brings, or one of ours."""
    if reference in BUNDLED and not named:
        return BUNDLED[reference].device
    module, _, attribute = (named or reference).partition(":")
    found = _attribute(module, attribute if named else "DEVICE")
    if isinstance(found, str):
        found = _attribute(*found.split(":", 1))
    if found is None and not named and channel:
        return by_channel(channel)
    if not callable(found):
        hint = "name one (--device module:ATTR), or put DEVICE beside the plugin: docs/plugins.md"
        raise PluginFault("nothing is there that answers as its owner would", hint)
    return cast("Callable[[], Device]", found)


def _attribute(module: str, name: str = "DEVICE") -> object:
    try:
        found: object = getattr(importlib.import_module(module), name, None)
    except ImportError as error:
        raise PluginFault(f"module {module!r} does not import: {error}") from error
    return found
