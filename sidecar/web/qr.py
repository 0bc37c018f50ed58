"""QR codes as inline SVG: attributes only, so that they stand under a policy without styles."""

from collections.abc import Iterator, Sequence

import qrcode
from markupsafe import Markup
from qrcode.constants import ERROR_CORRECT_M

QUIET_ZONE = 4
"""Modules of white around the code. Source: ISO/IEC 18004 §9.1."""


def qr_svg(text: str, *, title: str) -> Markup:
    """Return the text as a black on white SVG that assistive technology reads as its title.

    The colours are fixed: many readers do not find an inverted code, so dark pages keep them.
    """
    matrix = modules(text)
    path = "".join(_runs(matrix))
    return Markup(
        '<svg class="qr" role="img" aria-label="{title}" viewBox="0 0 {size} {size}"'
        ' shape-rendering="crispEdges" xmlns="http://www.w3.org/2000/svg">'
        '<rect width="{size}" height="{size}" fill="#fff"/><path fill="#000" d="{path}"/></svg>'
    ).format(title=title, size=len(matrix), path=path)


def modules(text: str) -> list[list[bool]]:
    """Return the rows of the code with white around it; True is dark."""
    code = qrcode.QRCode(error_correction=ERROR_CORRECT_M, border=QUIET_ZONE)
    code.add_data(text)
    code.make(fit=True)
    matrix: list[list[bool]] = code.get_matrix()
    return matrix


def _runs(matrix: Sequence[Sequence[bool]]) -> Iterator[str]:
    """Yield one rectangle per horizontal run of dark modules: a tenth of one per module."""
    for y, row in enumerate(matrix):
        start: int | None = None
        for x, dark in enumerate([*row, False]):
            if dark and start is None:
                start = x
            elif not dark and start is not None:
                yield f"M{start} {y}h{x - start}v1h-{x - start}z"
                start = None
