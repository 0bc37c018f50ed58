"""QR codes: what a reader sees in the SVG."""

import re
from xml.etree import ElementTree as ET

import pytest
import qrcode
from hypothesis import given, settings
from hypothesis import strategies as st

from sidecar.web.qr import QUIET_ZONE, qr_svg

URI = "otpauth://totp/Harbour:ada%40example.com?secret=JBSWY3DPEHPK3PXP&issuer=Harbour"
RUN = re.compile(r"M(\d+) (\d+)h(\d+)v1h-(\d+)z")


def drawn(svg: str) -> list[list[bool]]:
    """Return the modules that the SVG paints black."""
    root = ET.fromstring(svg)  # noqa: S314 - our own output
    size = int(root.attrib["viewBox"].split()[2])
    matrix = [[False] * size for _ in range(size)]
    path = root[1].attrib["d"]
    for x, y, width, back in RUN.findall(path):
        assert width == back
        for column in range(int(x), int(x) + int(width)):
            matrix[int(y)][column] = True
    assert RUN.sub("", path) == ""
    return matrix


@given(text=st.text(st.characters(codec="ascii"), min_size=1, max_size=300))
@settings(max_examples=25, deadline=None)
def test_draws_every_module(text: str) -> None:
    """Any text shows that the rectangles are exactly the modules that the encoder made."""
    code = qrcode.QRCode(error_correction=qrcode.constants.ERROR_CORRECT_M, border=QUIET_ZONE)
    code.add_data(text)
    assert drawn(qr_svg(text, title="t")) == code.get_matrix()


def test_quiet_zone_is_white() -> None:
    """An otpauth address shows that four white modules surround the code (ISO/IEC 18004)."""
    matrix = drawn(qr_svg(URI, title="t"))
    assert not any(any(row) for row in (*matrix[:QUIET_ZONE], *matrix[-QUIET_ZONE:]))
    assert not any(any(row[:QUIET_ZONE] + row[-QUIET_ZONE:]) for row in matrix)


def test_black_on_white_with_a_name() -> None:
    """The root shows that colours do not follow the scheme and that it is read as an image."""
    root = ET.fromstring(qr_svg(URI, title="Key"))  # noqa: S314 - our own output
    assert root.attrib["role"] == "img"
    assert root.attrib["aria-label"] == "Key"
    assert [element.attrib["fill"] for element in root] == ["#fff", "#000"]
    assert "style" not in {name for element in root.iter() for name in element.attrib}


@pytest.mark.conforms("ASVS-1.2.1")
def test_title_is_escaped() -> None:
    """THREATS 31: a title with markup shows that it stays text."""
    svg = qr_svg(URI, title='"><script>x</script>')
    assert "<script" not in svg
    assert ET.fromstring(svg).attrib["aria-label"] == '"><script>x</script>'  # noqa: S314
