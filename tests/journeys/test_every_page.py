"""Every page of every interface, opened by its audience in each language, colour scheme and width."""

from __future__ import annotations

import functools
import html
import itertools
import re
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import brotli
import pytest
from axe_playwright_python.sync_playwright import Axe
from django.conf import settings
from django.contrib import admin
from django.contrib.auth.models import AnonymousUser
from django.core.cache import cache
from django.core.exceptions import PermissionDenied, SuspiciousOperation
from django.core.management import call_command
from django.db.models import Choices
from django.http import HttpRequest
from django.test import Client, RequestFactory
from django.urls import URLPattern, URLResolver, get_resolver, resolve, reverse
from django.utils.translation import override
from django.views import defaults
from playwright.sync_api import Browser, BrowserContext, CDPSession, Page, Response, Route, ViewportSize
from pytest_django.live_server_helper import LiveServer

from tests.journeys.colours import Colours
from tests.journeys.world import GUEST, Visit, World, make_world, request_page

pytestmark = [pytest.mark.browser, pytest.mark.once, pytest.mark.django_db]

# Addresses that answer GET with something other than one of our pages.
# For machines, and the size of letters, which the page before is shown with again.
ADDRESSES_WITHOUT_A_PAGE_ABOVE = (
    "graphql",
    "text-size",
    "webhook-casso",
    "webhook-payos",
    "webhook-sepay",
    "webhook-stripe",
)
NO_PAGES = {
    "health": "JSON for machines",
    **dict.fromkeys(
        (
            "manifest",
            "members:manifest",
            "members:synchronise",
            "members:synchronise-run",
            "members:receive-photo",
        ),
        "JSON for phones",
    ),
    **dict.fromkeys(("worker", "members:worker"), "a script"),
    "members:parcel": "leads on to the part's page",
    "members:review-received-order": "takes what the page of a message sends",
    "members:alert": "leads on to what the alert is about",
    "members:preview-weight": "words beside a field while it is written",
    "members:listing-hints": "words beside a field while it is written",
    **dict.fromkeys(("members:download-listings-csv", "members:download-template-csv"), "CSV"),
    **dict.fromkeys(("members:download-listings-xlsx", "members:download-template-xlsx"), "XLSX"),
    "members:download-voucher-codes": "CSV",
    "desk:download-voucher-codes": "CSV",
    **dict.fromkeys(("desk:settlement-pdf", "members:settlement-pdf"), "PDF"),
    **dict.fromkeys(("members:parcel-label-pdf", "members:parcel-labels-pdf"), "PDF"),
    **dict.fromkeys(("desk:settlement-workbook", "members:settlement-workbook"), "XLSX"),
    "desk:due-payouts": "XLSX",
    **dict.fromkeys(
        (
            "desk:accept-complaint",
            "desk:add-withholding",
            "desk:cancel-order",
            "desk:cancel-part",
            "desk:end-rate",
            "desk:end-withholding",
            "desk:mark-payout-paid",
            "desk:mark-payouts-paid",
            "desk:match-transfer",
            "desk:publish-listing",
            "desk:switch-withholding",
        ),
        "leads back to the form that it reviews",
    ),
    **dict.fromkeys(("accounts:sign-in-by-passkey", "accounts:passkey-options"), "JSON for a script"),
    **dict.fromkeys(
        ("accounts:enter-second-step-by-passkey", "accounts:check-identity-by-passkey"), "JSON for a script"
    ),
    "orders:data-copy-file": "JSON, or XLSX",
    "orders:communes": "the options of a list",
    "orders:find-communes": "the options of a list",
    "orders:digital-link": "leads on to the lot's page",
    "catalog:suggest-searches": "a list under the search field",
    "catalog:recently-seen": "a list that pages fetch",
    "orders:payment-status": "nothing, or the order's page anew",
    "orders:payment-qr-code": "a QR code to keep",
    "admin-login": "leads on to the sign-in page",
    "catalog:bulletin-text": "a text to keep",
    "catalog:bulletin-spoken-text": "a text to read out",
    **dict.fromkeys(("robots", "sitemaps", "sitemap", "google-feed"), "texts and XML for machines"),
    "media": "pictures",
    "members:kept-picture": "a photo",
    **dict.fromkeys(("desk:document-file", "members:application-file"), "a document's file"),
    "jwks": "JSON for apps",
    "thumbnail": "leads on to a picture",
}
# Arguments for their URLs, so that each can be tested with GET.
ARGUMENTS = {"int": 999_999, "uuid": uuid.UUID(int=1), "slug": "x", "str": "x", "path": "x"}
PHONE: ViewportSize = {"width": 390, "height": 844}
DESK: ViewportSize = {"width": 1280, "height": 900}
NARROW: ViewportSize = {"width": 320, "height": 640}
LANGUAGES = {"vi": ("", PHONE), "en": ("/en", DESK)}
NAME = "Chợ Phiên"  # the same in every language
FIRST_VIEW, PAGE_AND_STYLE = 100 * 1024, 30 * 1024
PARALLEL_VIEWS = 8
STATIC_SIZES: dict[str, int] = {}  # compressed, by address
PO = Path(settings.BASE_DIR) / "locale/vi/LC_MESSAGES/django.po"
KEYS = re.compile(r"[0-9a-f-]{36}|\d+")
# Style sheets would be fetched again for each run, for an experimental rule that axe leaves out.
PRELOAD = {"assets": ["media"]}
# Target size belongs to WCAG 2.2, which axe checks only when enabled.
RULES: dict[str, Any] = {
    "resultTypes": ["violations"],
    "preload": PRELOAD,
    "rules": {"target-size": {"enabled": True}, "color-contrast": {"enabled": False}},
}
RUN_AXE = "([part, rules]) => axe.run(part, rules).then((found) => found.violations)"
WHOLE_PAGE, MAIN = "html", "main"
# A window of 320 px is also one of 1,280 px at a zoom of four (WCAG 2.2, 1.4.10).
TOO_WIDE = """() => {
  const page = document.documentElement;
  const before = page.className;
  const wide = [before, 'large-type'].map((name) => {
    page.className = name;
    return page.scrollWidth - page.clientWidth;
  });
  page.className = before;
  return wide;
}"""
PAGE_FACTS = """() => ({
  lang: document.documentElement.lang,
  headings: [...document.querySelectorAll('h1')].filter(h => h.checkVisibility()).length,
  title: document.title,
  lines: [...new Set(document.body.innerText.split('\\n').map(line => line.trim()))],
})"""
TAGS = re.compile(r"<[^>]*>", re.DOTALL)
# What nobody reads, and codes of banks and Stripe, which stand beside their words.
UNREAD = re.compile(
    r"<(script|style|svg|template)\b.*?</\1>|<(\w+)[^>]*class=\"[^\"]*\bcode\b[^>]*>.*?</\2>", re.DOTALL
)
STORED = re.compile(r"(?<![\w@./:-])[a-z]+(?:_[a-z]+)*(?![\w@/:-]|\.\w)")
IN_BOTH_LANGUAGES = {"email", "web"}


@pytest.fixture(autouse=True)
def _isolate_cache_media_and_language() -> Iterator[None]:
    """Reset only counters: the world is made once and kept with its pictures."""
    cache.clear()
    with override(settings.LANGUAGE_CODE):  # earlier English requests are done
        yield


@pytest.fixture
def _django_db_helper() -> None:
    """Replace pytest-django's fixture, which deletes the rows after each test."""


@pytest.fixture(scope="module")
def world(django_db_setup: None, django_db_blocker: Any) -> Iterator[World]:
    """Make the world once for all tests of this file, and delete it after them."""
    with django_db_blocker.unblock():
        yield make_world()
        call_command("flush", interactive=False, verbosity=0)


@pytest.fixture(scope="module")
def address(world: World) -> Iterator[str]:
    """Yield the URL of the live shop for this file."""
    server = LiveServer("127.0.0.1")
    yield server.url
    server.stop()


@pytest.fixture
def visitor(browser: Browser, address: str, world: World) -> Iterator[Callable[..., BrowserContext]]:
    """Yield a function that opens browser contexts; all are closed at the end."""
    opened: list[BrowserContext] = []

    def open_context(visitor_name: str = GUEST, **options: Any) -> BrowserContext:
        # Without motion no colour is in transition while a page is checked.
        context = browser.new_context(
            base_url=address,
            reduced_motion="reduce",
            service_workers="block",  # they would bypass the route of `_served_response`
            **options,
        )
        _sign_in(context, visitor_name, world, address)
        opened.append(context)
        return context

    yield open_context
    for context in opened:
        context.close()


@pytest.fixture(scope="module")
def colours() -> Colours:
    return Colours()


@pytest.fixture(scope="module")
def foreign_texts() -> dict[str, set[str]]:
    """Return, for each language, the lines of the other language, which its pages must not show."""
    translations = re.findall(r'^msgid "(.+)"\nmsgstr "(.+)"$', PO.read_text(), re.MULTILINE)
    comparable = [
        (one, other) for one, other in translations if "%" not in one and " " in one and other != NAME
    ]
    return {"vi": {one for one, _other in comparable}, "en": {other for _one, other in comparable}}


def test_no_address_is_left_out(world: World) -> None:
    visited = {_name_of(visit.path) for visit in world.visits if visit.sent is None and visit.status == 200}
    answering = {name for name, path in _addresses() if Client().get(path).status_code != 405}

    assert answering - visited - set(NO_PAGES) == set()
    assert set(NO_PAGES) - answering == set()


def test_no_address_of_a_form_leads_a_browser_to_nothing(world: World) -> None:
    client = Client()
    client.cookies[settings.SESSION_COOKIE_NAME] = world.sessions["admin"]
    forms = {name: path for name, path in _addresses() if client.get(path).status_code == 405}

    answers = {name: client.get(path, headers={"Accept": "text/html"}) for name, path in forms.items()}

    explained = {name for name, answer in answers.items() if answer.status_code == 405}
    assert explained == set(ADDRESSES_WITHOUT_A_PAGE_ABOVE)
    for name in answers.keys() - explained:
        page_above = answers[name].url
        assert forms[name].startswith(page_above), name
        while client.get(page_above).status_code == 405:
            page_above = client.get(page_above, headers={"Accept": "text/html"}).url


@pytest.mark.parametrize(
    ("interface", "language"),
    [
        *itertools.product(["market"], LANGUAGES),
        *itertools.product(["orders", "members", "desk"], ["vi"]),
        *(
            pytest.param(interface, "en", marks=pytest.mark.long)
            for interface in ["orders", "members", "desk"]
        ),
    ],
)
def test_every_page_is_accessible_translated_and_responsive(
    visitor: Callable[..., BrowserContext],
    world: World,
    foreign_texts: dict[str, set[str]],
    colours: Colours,
    interface: str,
    language: str,
) -> None:
    prefix, size = LANGUAGES[language]
    pages: dict[str, Page] = {}
    faults = {}
    seen_kinds: set[str] = set()

    for visit in world.interfaces[interface]:
        if visit.visitor not in pages:
            pages[visit.visitor] = _open_page_with_axe(visitor(visit.visitor, viewport=size))
        page_kind = KEYS.sub("", visit.path.partition("?")[0])
        # Pages of one name share their frame.
        is_new = page_kind not in seen_kinds
        seen_kinds.add(page_kind)
        page_faults = _visit_faults(
            pages[visit.visitor], visit, world, language, foreign_texts[language], colours, is_new=is_new
        )
        if page_faults:
            faults[prefix + str(visit)] = page_faults

    assert faults == {}


@pytest.mark.parametrize("language", LANGUAGES)
def test_error_pages_are_accessible_translated_and_responsive(
    visitor: Callable[..., BrowserContext], world: World, colours: Colours, language: str
) -> None:
    page = _open_page_with_axe(visitor(viewport=PHONE))
    faults = {}

    for name, error_page in _error_pages(language).items():
        with _served_response(page, f"**/{name}/", error_page) as status:
            response = page.goto(f"/{name}/")
        assert response is not None
        page_faults = _page_faults(page, PHONE, language, set(), colours)
        page_faults += [] if response.status == status else [response.status]
        if page_faults:
            faults[name] = page_faults

    assert faults == {}


@pytest.mark.parametrize(("window", "scale"), [(PHONE, 3), (DESK, 1)], ids=["phone", "desktop"])
def test_first_view_is_light(
    visitor: Callable[..., BrowserContext], world: World, address: str, window: ViewportSize, scale: int
) -> None:
    buyers = [*world.interfaces["market"], *world.interfaces["orders"]]
    first = {_name_of(visit.path): visit for visit in buyers if visit.sent is None and visit.status == 200}
    windows = [
        _open_page_without_cache(visitor(viewport=window, device_scale_factor=scale))
        for _number in range(PARALLEL_VIEWS)
    ]
    heavy = {}

    waiting = list(first.values())
    while waiting:
        some, waiting = waiting[:PARALLEL_VIEWS], waiting[PARALLEL_VIEWS:]  # they end up beside each other
        for visit, (page, session, responses) in zip(some, windows, strict=False):
            session.send("Storage.clearDataForOrigin", {"origin": address, "storageTypes": "all"})
            _sign_in(page.context, visit.visitor, world, address)
            responses.clear()
            page.goto(visit.path, wait_until="load")
        for visit, (page, _session, responses) in zip(some, windows, strict=False):
            page.wait_for_load_state("networkidle")
            all_in, page_and_style = _transferred_bytes(responses)
            if all_in > FIRST_VIEW or page_and_style > PAGE_AND_STYLE:
                heavy[str(visit)] = (all_in, page_and_style)

    assert heavy == {}


def test_django_admin_opens(world: World) -> None:
    """Only that Django's own pages open is tested here, not how they look."""
    client = Client()
    client.cookies[settings.SESSION_COOKIE_NAME] = world.sessions["admin"]
    lists = [
        reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_changelist")
        for model in admin.site._registry
    ]

    statuses = {path: client.get(path).status_code for path in [reverse("admin:index"), *lists]}

    assert {path: status for path, status in statuses.items() if status != 200} == {}


def test_page_faults_are_detected(visitor: Callable[..., BrowserContext], world: World) -> None:
    page = _open_page_with_axe(visitor(viewport=PHONE))
    page.set_content(
        "<html lang=en><title>x</title><main><h1>One</h1><h1>Two</h1><p>Add to basket</p>"
        "<div class=wide>x</div><img src=data:,><style>.wide { width: 900px }"
        "@media (prefers-color-scheme: dark) { body { color: #777; background: #666 } }</style></main>"
        "<p>Out of it <a href=/></a></p>"
    )
    in_any_case = {"image-alt", "588 px too wide", "lang 'en'", "2 first headings", "other language"}
    new_page_faults = {"link-name", "region", "dark color-contrast"}
    colours = Colours()

    for is_new, expected_faults in ((True, in_any_case | new_page_faults), (False, in_any_case)):
        faults = _page_faults(page, PHONE, "vi", {"Add to basket"}, colours, is_new=is_new)
        assert {fault.partition(":")[0] for fault in faults} == expected_faults


def _addresses() -> Iterator[tuple[str, str]]:
    """Yield each of our URLs once, by name, with made-up arguments."""

    def walk(resolver: URLResolver, space: str) -> Iterator[tuple[str, URLPattern]]:
        for url_pattern in resolver.url_patterns:
            if isinstance(url_pattern, URLResolver):
                inner = f"{space}{url_pattern.namespace}:" if url_pattern.namespace else space
                yield from () if url_pattern.namespace == "admin" else walk(url_pattern, inner)
            else:
                yield f"{space}{url_pattern.name or ''}", url_pattern

    for name, pattern in walk(get_resolver(), ""):
        converters = getattr(pattern.pattern, "converters", {})
        converter_names = {
            key: type(converter).__name__.removesuffix("Converter").lower().replace("string", "str")
            for key, converter in converters.items()
        }
        if name:
            yield (
                name,
                reverse(
                    name,
                    kwargs={
                        key: ARGUMENTS[converter_name] for key, converter_name in converter_names.items()
                    },
                ),
            )
        else:
            path = "/media/x" if "path" in converter_names else "/quan-tri/du-lieu/login/"
            yield _name_of(path), path


def _name_of(path: str) -> str:
    match = resolve(path.partition("?")[0])
    return match.view_name if ":" in match.view_name or match.url_name else _name_of_unnamed(path)


def _name_of_unnamed(path: str) -> str:
    return "media" if path.startswith("/media/") else "admin-login"


def _visit_faults(
    page: Page,
    visit: Visit,
    world: World,
    language: str,
    foreign_lines: set[str],
    colours: Colours,
    *,
    is_new: bool,
) -> list[Any]:
    """Open the visit's page and return everything that is wrong with it."""
    prefix, size = LANGUAGES[language]
    console_errors: list[str] = []
    page.on("pageerror", lambda error: console_errors.append(str(error)))
    page.on(
        "console", lambda message: console_errors.append(message.text) if message.type == "error" else None
    )
    target = re.compile(re.escape(prefix + visit.path) + "$")
    if visit.sent is None:
        response = page.goto(prefix + visit.path)
    else:
        with _served_response(page, target, request_page(world, visit, prefix)):
            response = page.goto(prefix + visit.path)
    assert response is not None
    faults: list[Any] = [] if response.status == visit.status else [f"answers {response.status}"]
    if not target.search(page.url):
        faults.append(f"leads to {page.url}")
    faults += _page_faults(page, size, language, foreign_lines, colours, is_new=is_new)
    expected = f"status of {visit.status}"
    faults += [text for text in console_errors if visit.status == 200 or expected not in text]
    return faults


def _open_page_with_axe(context: BrowserContext) -> Page:
    """Return a page that loads axe into every document."""
    context.add_init_script(Axe().axe_script)
    return context.new_page()


def _page_faults(
    page: Page,
    size: ViewportSize,
    language: str,
    foreign_lines: set[str],
    colours: Colours,
    *,
    is_new: bool = True,
) -> list[Any]:
    """Return the faults of the open page: accessibility, width, language and colour schemes.

    A change of scheme or width lays the page out anew. A page opens as the one before ended: wide and light,
    or narrow and dark.
    """
    if page.viewport_size == NARROW:
        faults = _width_faults(page)
        page.set_viewport_size(size)
        faults += _dark_faults(page, colours)
        page.emulate_media(color_scheme="light")
        return faults + _light_faults(page, language, foreign_lines, colours, is_new=is_new)
    faults = _light_faults(page, language, foreign_lines, colours, is_new=is_new)
    page.emulate_media(color_scheme="dark")
    faults += _dark_faults(page, colours)
    page.set_viewport_size(NARROW)
    return faults + _width_faults(page)


def _light_faults(
    page: Page, language: str, foreign_lines: set[str], colours: Colours, *, is_new: bool
) -> list[str]:
    """Return all faults but those of a narrow window and of dark colours.

    Of a page seen before with other contents, the frame is not checked again.
    """
    facts = page.evaluate(PAGE_FACTS)
    axe_arguments = [WHOLE_PAGE if is_new else MAIN, RULES]
    faults = [_format_violation(violation) for violation in page.evaluate(RUN_AXE, axe_arguments)]
    faults += colours.faults(page)
    faults += [] if facts["lang"] == language else [f"lang {facts['lang']!r}"]
    faults += [] if facts["headings"] == 1 else [f"{facts['headings']} first headings"]
    faults += [] if facts["title"].strip(" ·") else ["no title"]
    faults += [f"other language: {line}" for line in facts["lines"] if line in foreign_lines]
    return faults


def _dark_faults(page: Page, colours: Colours) -> list[str]:
    return [f"dark {fault}" for fault in colours.faults(page)]


def _width_faults(page: Page) -> list[str]:
    wide, wide_when_large = page.evaluate(TOO_WIDE)
    faults = [f"{wide} px too wide"] if wide else []
    faults += [f"{wide_when_large} px too wide in large letters"] if wide_when_large and not wide else []
    return faults


def _stored_values_in(content: str) -> set[str]:
    """Return the words of a page that are values in the database, as "in_review", rather than words."""
    texts = html.unescape(TAGS.sub("\n", UNREAD.sub(" ", content)))
    words = set(STORED.findall(texts))
    return {word for word in words if "_" in word} | (words & _values_of_choices())


@functools.cache
def _values_of_choices() -> set[str]:
    """Return the values of all our choices, but the words that Vietnamese shares."""
    ours = ("catalog", "cooperatives", "orders", "shop")
    values = {
        str(value)
        for choices in _subclasses(Choices)
        if choices.__module__.split(".")[0] in ours
        for value in choices.values
    }
    return {value for value in values if len(value) > 2} - IN_BOTH_LANGUAGES


def _subclasses(choices: Any) -> Iterator[Any]:
    for subclass in choices.__subclasses__():
        yield subclass
        yield from _subclasses(subclass)


def _format_violation(violation: dict[str, Any]) -> str:
    return f"{violation['id']}: {violation['nodes'][0]['html'][:200]}"


class _served_response:
    """Serves a prepared response for an address within the block."""

    def __init__(self, page: Page, target: Any, response: Any) -> None:
        self.page, self.target, self.answer = page, target, response

    def __enter__(self) -> int:
        self.page.route(self.target, self._fulfil)
        return int(self.answer.status_code)

    def __exit__(self, *_error: object) -> None:
        self.page.unroute(self.target)

    def _fulfil(self, route: Route) -> None:
        headers = dict(self.answer.headers)
        route.fulfill(status=self.answer.status_code, headers=headers, body=self.answer.content)


def _error_pages(language: str) -> dict[str, Any]:
    """Return error responses that a browser's address bar cannot trigger."""
    prefix = LANGUAGES[language][0]
    with override(language):
        request = _request(f"{prefix}/")
        error_pages = {
            "400": defaults.bad_request(request, SuspiciousOperation()),
            "403": defaults.permission_denied(request, PermissionDenied()),
            "500": defaults.server_error(request),
        }
    strict = Client(enforce_csrf_checks=True)
    error_pages["403_csrf"] = strict.post(f"{prefix}/gio-hang/dong/", {"variant": 1})
    unknown_order = {"phone": "0911222333", "code": "T0000"}
    tries = [Client().post(f"{prefix}/don-hang/", unknown_order) for _try in range(11)]
    return error_pages | {"429": tries[-1]}


def _request(path: str) -> HttpRequest:
    request = RequestFactory().get(path)
    request.user, request.session, request.htmx = AnonymousUser(), {}, False  # type: ignore[assignment]
    return request


def _sign_in(context: BrowserContext, visitor_name: str, world: World, address: str) -> None:
    for name, value in world.cookies_of(visitor_name).items():
        context.add_cookies([{"name": name, "value": value, "url": address}])


def _open_page_without_cache(context: BrowserContext) -> tuple[Page, CDPSession, list[Response]]:
    """Return a page that requests every file again, its session, and the list of its responses."""
    page = context.new_page()
    session = context.new_cdp_session(page)
    session.send("Network.enable")
    session.send("Network.setCacheDisabled", {"cacheDisabled": True})
    responses: list[Response] = []
    page.on("response", lambda response: responses.append(response))
    return page, session, responses


def _transferred_bytes(responses: list[Response]) -> tuple[int, int]:
    """Return bytes transferred for a first view: in total, and for page and style sheets only.

    Pages arrive compressed; static files are compressed here as `make run` does once.
    """
    sizes = [(response, _compressed_size(response)) for response in responses]
    styled = [
        size for response, size in sizes if response.request.resource_type in ("document", "stylesheet")
    ]
    return sum(size for _response, size in sizes), sum(styled)


def _compressed_size(response: Response) -> int:
    if response.status == 304:  # the service worker asks whether its copy is still valid
        return 0
    if "/static/" in response.url and not response.url.endswith((".png", ".woff2")):
        if response.url not in STATIC_SIZES:
            body = response.body()
            STATIC_SIZES[response.url] = min(len(body), len(brotli.compress(body)))
        return STATIC_SIZES[response.url]
    return int(response.request.sizes()["responseBodySize"])
