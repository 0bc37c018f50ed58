"""A plugin's folder serves its own files and no other (THREATS 47)."""

from pathlib import Path

import pytest

from sidecar.bundled import TEMPLATES
from sidecar.web.brought import Unusable
from sidecar.web.render import Branding, Renderer

pytestmark = pytest.mark.threat(47)


def rendered(folder: Path) -> Renderer:
    return Renderer(TEMPLATES, branding=Branding("Harbour"), brought=(folder,))


@pytest.mark.parametrize("place", ["static/x.css", "prompts/x.html", "locale/de"])
def test_links_that_lead_out_are_faults(tmp_path: Path, place: str) -> None:
    """A style sheet that is a link to a secret, and any other link to what is not the plugin's,
    shows as a fault at start.
    """
    secret = tmp_path / "key.pem"
    secret.write_text("s3cret")
    link = tmp_path / "plugin" / place
    link.parent.mkdir(parents=True)
    link.symlink_to(secret if link.suffix else tmp_path)
    with pytest.raises(Unusable, match="leads out of the plugin"):
        rendered(tmp_path / "plugin")


def test_links_inside_are_none(tmp_path: Path) -> None:
    """A folder that is mounted as Kubernetes mounts one, each file a link to its version, shows
    its file; so does one that is reached by a link itself.
    """
    folder = tmp_path / "plugin"
    version = folder / "static" / "..2026"
    version.mkdir(parents=True)
    (version / "chat.css").write_text("p {}")
    (folder / "static" / "chat.css").symlink_to("..2026/chat.css")
    (tmp_path / "mounted").symlink_to(folder)
    for way in (folder, tmp_path / "mounted"):
        assert rendered(way).static("chat.css")
