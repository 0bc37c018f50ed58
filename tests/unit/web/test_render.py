"""Pages as HTML: complete, escaped, and possible under a policy without inline code."""

import re
from dataclasses import replace
from datetime import timedelta
from html.parser import HTMLParser
from urllib.parse import unquote

import pytest
from jinja2 import UndefinedError

from sidecar.core import errors
from sidecar.core.model import Prompt
from sidecar.web import render
from sidecar.web.questions import Fault
from sidecar.web.render import Branding, Renderer
from sidecar.web.views import (
    BackupCodesView,
    ChallengeView,
    ContinueView,
    DisownView,
    EnrollStartView,
    EnrollView,
    ErrorView,
    Frame,
    View,
)
from tests.tools import samples, samples_account
from tests.tools.pages_server import TEMPLATES

RENDERER = Renderer(TEMPLATES, branding=Branding("Harbour & Co", samples.HELP))
VIEWS = samples.views()
EVIL = "\"'><script>alert(1)</script>&"
LANGUAGES = ("en", "de")


class Tags(HTMLParser):
    """Every start tag with its attributes."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))

    def all(self, *tags: str) -> list[dict[str, str | None]]:
        return [attributes for tag, attributes in self.found if tag in tags]


def page(view: View, *, language: str = "en", frame: Frame | None = None) -> str:
    return RENDERER.page(view, frame or samples.frame(language))


@pytest.mark.parametrize("name", VIEWS)
def test_no_inline_code_and_no_outside_address(name: str) -> None:
    """Each page shows that nothing in it needs more than the strict policy: THREATS 31."""
    tags = Tags(page(VIEWS[name]))
    for tag, attributes in tags.found:
        assert tag not in ("style", "iframe", "object", "embed", "base")
        assert not any(key == "style" or key.startswith("on") for key in attributes)
    for script in tags.all("script"):
        assert str(script["src"]).startswith("/_sidecar/static/")
    for sheet in tags.all("link"):
        assert str(sheet["href"]).startswith("/_sidecar/static/")


@pytest.mark.parametrize("name", VIEWS)
def test_forms_post_to_us_with_their_token(name: str) -> None:
    """Each form shows that it goes to our prefix, by POST, and carries the CSRF token."""
    html = page(VIEWS[name])
    for form in re.findall(r"<form.*?</form>", html, re.DOTALL):
        (attributes,) = Tags(form).all("form")
        assert attributes["method"] == "post"
        assert str(attributes["action"]).startswith("/_sidecar/")
        tokens = [tag for tag in Tags(form).all("input") if tag.get("name") == "csrf"]
        assert [token["value"] for token in tokens] == ["c" * 43]


@pytest.mark.conforms("ASVS-7.4.4")
@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("name", VIEWS)
def test_every_page_says_who_where_and_in_what_language(name: str, language: str) -> None:
    """Each page shows the application, the account with its way out, help and the languages."""
    view = VIEWS[name]
    html = page(view, language=language)
    assert f'<html lang="{language}" dir="ltr">' in html
    assert html.count("Harbour &amp; Co") > 1
    assert samples.HELP in html
    assert 'hreflang="' in html
    assert html.count("<h1>") == 1
    # Who opens the link of a notice is not known, and need not be signed in.
    if not (isinstance(view, ContinueView) and view.stopped) and not isinstance(view, DisownView):
        assert samples.ACCOUNT in html
        assert 'action="/_sidecar/logout"' in html


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_problem_has_its_page(language: str) -> None:
    """The error tree shows that each slug has words of its own, beside those of the unknown."""
    slugs = {
        kind.slug
        for kind in vars(errors).values()
        if isinstance(kind, type) and issubclass(kind, errors.SidecarError)
    }
    assert slugs <= set(samples.SLUGS)
    pages = {slug: page(ErrorView(slug), language=language) for slug in samples.SLUGS}
    assert len({re.sub(r"<svg.*?</svg>", "", html) for html in pages.values()}) == len(pages)
    assert page(ErrorView("never-heard-of"), language=language) == pages["internal-error"]


def test_names_from_outside_stay_text() -> None:
    """THREATS 31: markup in names, paths and codes shows that it is escaped everywhere."""
    question = samples.asked(others=(replace(samples.SHEET, label=EVIL, detail=EVIL),))
    views: tuple[View, ...] = (
        ChallengeView(replace(question, challenge=EVIL), EVIL, next=EVIL),
        EnrollStartView((samples_account.TOTP,), invited=True, invitation=EVIL, opening=EVIL),
        ErrorView(EVIL, EVIL, next=EVIL, again="/" + EVIL),
        ContinueView("/" + EVIL),
        BackupCodesView(Prompt("lookup_codes", {"codes": (EVIL,)}), samples.NOW),
    )
    evil = Frame("en", samples.NOW, account=EVIL, csrf=EVIL, here="/_sidecar/x?a=" + EVIL)
    for view in views:
        html = page(view, frame=evil)
        assert "<script>" not in html
        assert all(script.get("src") for script in Tags(html).all("script"))


def test_the_code_field_takes_pasted_and_filled_codes() -> None:
    """The field shows that it is one, numeric, autofilled, and wide enough for "123 456"."""
    (field,) = [tag for tag in Tags(page(VIEWS["challenge"])).all("input") if tag["name"] == "code"]
    assert field["type"] == "text"
    assert field["inputmode"] == "numeric"
    assert field["autocomplete"] == "one-time-code"
    assert field["dir"] == "ltr"
    assert int(field["maxlength"] or 0) >= 12
    assert field["pattern"] is not None
    assert re.fullmatch(field["pattern"], "123 456")
    assert "value" not in field


def test_a_fault_is_told_to_everybody() -> None:
    """A wrong code shows that title, alert and field all say so (WCAG 3.3.1, 4.1.3)."""
    html = page(VIEWS["challenge-wrong"])
    (field,) = [tag for tag in Tags(html).all("input") if tag["name"] == "code"]
    assert "<title>Error: " in html
    assert 'role="alert" id="fault"' in html
    assert field["aria-invalid"] == "true"
    assert "fault" in str(field["aria-describedby"]).split()


@pytest.mark.parametrize(
    ("fault", "words"),
    [
        (Fault("clock-off", -92), "about 100 seconds behind"),
        (Fault("clock-off", 61), "about 70 seconds ahead"),
        (Fault("already-used"), "Wait for the next one"),
        (Fault("locked", until=samples.NOW + timedelta(minutes=4)), ">4 minutes<"),
        (Fault("locked"), "closed for now"),
        (Fault("expired"), "Start again"),
    ],
)
def test_a_fault_says_what_to_do(fault: Fault, words: str) -> None:
    """Each kind of fault shows that its sentence helps."""
    assert words in page(ChallengeView(samples.asked(fault)))


def test_a_code_that_cannot_be_undone_is_not_sent_by_itself() -> None:
    """Removing shows that the code waits for the button, where signing in does not; nor is it sent
    before there was time to tick the box beside it.
    """
    assert "data-by-hand" in page(VIEWS["confirm-remove"])
    assert "data-by-hand" not in page(VIEWS["challenge"])
    remembering = ChallengeView(samples.asked(), remember=timedelta(days=30))
    assert "data-by-hand" in page(remembering)
    assert "Remember this browser for 30 days" in page(remembering)


def test_download_holds_what_the_page_shows() -> None:
    """The link's address shows name, account, day and every code, without entities or markup."""
    (link,) = [tag for tag in Tags(page(VIEWS["backup-codes"])).all("a") if "download" in tag]
    lines = unquote(str(link["href"])).partition(",")[2].splitlines()
    codes = samples.CODES.data["codes"]
    assert isinstance(codes, tuple)
    assert link["download"] == "backup-codes.txt"
    assert lines[:3] == ["Backup codes for Harbour & Co", samples.ACCOUNT, "2026-03-14"]
    assert tuple(lines[4:]) == codes


def test_continue_goes_on_unless_something_was_lost() -> None:
    """Both states show that the page waits for the person where their form did not arrive."""
    going, waiting = page(VIEWS["continue"]), page(VIEWS["continue-stopped"])
    assert '<meta http-equiv="refresh" content="0; url=/pay/overview">' in going
    assert "refresh" not in waiting
    assert "did not arrive" in waiting


def test_leaving_is_not_told_as_arriving() -> None:
    """The way to the application's sign-out shows that no other tab takes it for a success."""
    leaving = page(VIEWS["continue-leaving"])
    assert "Signing you out" in leaving
    assert "data-verified" not in leaving
    assert "data-verified" in page(VIEWS["continue"])


def test_a_lost_form_is_remembered_across_the_challenge() -> None:
    """Every form and way of the page shows that "did not arrive" is said again at the end."""
    html = page(VIEWS["challenge-stopped"])
    forms = re.findall(r"<form[^>]*/challenge/.*?</form>", html, re.DOTALL)
    ways = re.findall(r'<a class="row" href="([^"]*)"', html)
    assert (len(forms), len(ways)) == (1, 1)
    assert all('name="lost" value="1"' in form for form in forms)
    assert all("lost=1" in way for way in ways)
    assert 'name="lost"' not in page(VIEWS["challenge"])
    assert "lost=1" not in page(VIEWS["challenge"])


def test_language_links_keep_the_page() -> None:
    """A page with parameters shows that only the language changes."""
    frame = samples.frame(here="/_sidecar/challenge?next=abc&lang=en")
    assert 'href="/_sidecar/challenge?next=abc&amp;lang=de"' in page(
        VIEWS["challenge"], frame=frame
    )


def test_no_picker_where_a_link_would_lose_the_page() -> None:
    """Codes shown once show that no language link can take them away."""
    assert "hreflang" not in page(VIEWS["backup-codes"], frame=samples.frame(here=""))


def test_prefix_is_configurable() -> None:
    """Another prefix shows that every form, link and file follows it."""
    moved = Renderer(TEMPLATES, branding=Branding("Harbour"), prefix="/shop/_2fa/")
    for view in VIEWS.values():
        html = moved.page(view, samples.frame(here="/shop/_2fa/challenge"))
        assert "/_sidecar/" not in html
    assert moved.url("challenge", next="a b", empty="") == "/shop/_2fa/challenge?next=a+b"


def test_a_missing_value_is_a_fault_not_an_empty_place() -> None:
    """A prompt without its key shows that the page fails loudly instead of showing a hole."""
    view = EnrollView(samples_account.TOTP, Prompt("totp_enrollment", {}))
    with pytest.raises((KeyError, UndefinedError)):
        page(view)


def test_every_prompt_kind_is_known() -> None:
    """The folder shows which kinds of prompt a plugin may use."""
    assert RENDERER.prompt_kinds() >= {"code", "backup_code", "totp_enrollment", "lookup_codes"}


@pytest.mark.parametrize(("seconds", "said"), [(0, 0), (1, 10), (-30, 30), (-92, 100)])
def test_offsets_are_round(seconds: int, said: int) -> None:
    """Offsets show that what is said is coarser than what a guesser could use."""
    assert render.round_s(seconds) == said
