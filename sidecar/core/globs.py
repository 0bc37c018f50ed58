"""A path glob as a regular expression that takes linear time."""

import re

WILD = "\uffff"
"""Stands for `*` while a glob goes through the steps: a decoded `%2a` is no wildcard."""
_TREE = f"/{WILD}{WILD}"
_ACROSS = re.compile(f"((?<=/){WILD}{WILD}/|{WILD}{{2,}})")


def mark(glob: str) -> str:
    """Return the glob with its wildcards marked, ready for reading steps."""
    return glob.replace("*", WILD)


def marked_to_regex(marked: str) -> str:
    """Return the regular expression of a glob whose wildcards are marked.

    It takes linear time: a wildcard before another one is atomic, since its shortest match is as
    good as any (a path of 8 KiB under `/**/a/**/b/**` would take minutes otherwise).
    """
    tree = marked.endswith(_TREE)
    while marked.endswith(_TREE * 2):
        # A tree below every directory of a tree is the tree.
        marked = marked.removesuffix(_TREE)
    parts = _ACROSS.split(marked[:-3] if tree else marked)
    last = len(parts) - 1
    text = _within_segments(parts[0], final=last == 0)
    for at in range(1, last, 2):
        final = at + 1 == last
        directories = parts[at].endswith("/")
        body = _within_segments(parts[at + 1], final=final)
        if final:
            text += ("(?:.*/)?" if directories else ".*") + body
        else:
            text += f"(?>{'(?:.*?/)??' if directories else '.*?'}{body})"
    return text + ("(?:/.*)?" if tree else "")


def _within_segments(part: str, *, final: bool) -> str:
    first, *rest = (re.escape(literal) for literal in part.split(WILD))
    for at, literal in enumerate(rest, 1):
        ends = final and at == len(rest)
        first += f"[^/]*{literal}" if ends else f"(?>[^/]*?{literal})"
    return first
