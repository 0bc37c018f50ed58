"""Static files: names that change with the content."""

from pathlib import Path

import pytest

from sidecar.web.assets import load_assets


def test_name_follows_content(tmp_path: Path) -> None:
    """Two contents show that each has its own name, so that either may be cached for ever."""
    (tmp_path / "page.css").write_text("a{}")
    first = load_assets(tmp_path).name_of("page.css")
    (tmp_path / "page.css").write_text("b{}")
    second = load_assets(tmp_path).name_of("page.css")
    assert first != second
    assert first.startswith("page.")
    assert first.endswith(".css")


def test_serves_what_it_named(tmp_path: Path) -> None:
    """A file shows that it is found under the name given out, with its type and bytes."""
    (tmp_path / "a.js").write_bytes(b"1")
    assets = load_assets(tmp_path)
    asset = assets.find(assets.name_of("a.js"))
    assert asset is not None
    assert (asset.content_type, asset.body) == ("text/javascript; charset=utf-8", b"1")


@pytest.mark.parametrize("name", ["", "a.js", "../a.js", "..%2fa.js", "a.000000000000.js", "/"])
def test_other_names_are_nothing(tmp_path: Path, name: str) -> None:
    """Paths and guesses show that a name is only ever looked up."""
    (tmp_path / "a.js").write_bytes(b"1")
    assert load_assets(tmp_path).find(name) is None


def test_unknown_kind_is_a_fault_at_start(tmp_path: Path) -> None:
    """A stray editor file shows that nothing without a content type is ever served."""
    (tmp_path / "page.css~").write_text("")
    with pytest.raises(ValueError, match=r"page\.css~"):
        load_assets(tmp_path)
