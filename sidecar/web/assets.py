"""Static files of our pages under names that carry their content, so that they cache for ever."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

from sidecar.web.brought import Flaw, Unusable

TYPES: Mapping[str, str] = {
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
}
"""Every kind of file that we serve; any other in the folder is a fault at start."""


@dataclass(frozen=True, slots=True)
class Asset:
    """One static file, ready to send."""

    name: str
    """With the fingerprint: `page.3f2a9c1b7d.css`."""
    content_type: str
    body: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Assets:
    """All static files, read once; `find` takes only names that `name_of` gave out."""

    _by_plain_name: Mapping[str, Asset]
    _by_name: Mapping[str, Asset]

    def name_of(self, plain: str) -> str:
        """Return the fingerprinted name.

        Raises:
            KeyError: there is no such file; templates are tested for it.

        """
        return self._by_plain_name[plain].name

    def find(self, name: str) -> Asset | None:
        """Return the file, or None; a name is looked up, never joined to a path."""
        return self._by_name.get(name)


def load_assets(*folders: Path) -> Assets:
    """Read every file of the folders; of two with one name the first is taken.

    Raises:
        Unusable: a file of a kind that has no content type here.

    """
    there = [folder for folder in reversed(folders) if folder.is_dir()]
    paths = {path.name: path for folder in there for path in sorted(folder.iterdir())}
    assets = {name: _read(path) for name, path in paths.items() if path.is_file()}
    return Assets(assets, {asset.name: asset for asset in assets.values()})


def _read(path: Path) -> Asset:
    content_type = TYPES.get(path.suffix)
    if content_type is None:
        raise Unusable([Flaw(path, 1, "a static file of an unknown kind")])
    body = path.read_bytes()
    digest = hashlib.sha256(body).hexdigest()[:12]
    name = PurePosixPath(path.name)
    return Asset(f"{name.stem}.{digest}{name.suffix}", content_type, body)
