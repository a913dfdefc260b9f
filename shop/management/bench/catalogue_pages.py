"""Measure lists and searches among very many products, with many variations of each page."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import cycle

from django.test import Client
from django.urls import reverse
from django.utils import timezone

from catalog.models import Product
from catalog.search.facet_index import load_facet_index
from cooperatives.models import Cooperative
from shop.accounts.models import User
from shop.core.dates.calendar import vietnam_date
from shop.core.models import market_channel
from shop.management.bench.api import api_request
from shop.management.bench.documents import LIST, SEARCH
from shop.management.bench.measurements import Measurement, measure
from shop.management.bench.pages import PROVINCE, UnexpectedResponse
from shop.management.demo_state.accounts import ACCOUNTS

_LIST, _SEARCH = reverse("catalog:products"), reverse("catalog:search")
_ORDERS = ("mua", "moi", "gia", "gia-giam", "ten", "gan")
_FILTERS = (
    "mua=on&con=on",
    "ocop=on&ban=kg",
    "muc=50000&muc=100000&con=on",
    f"noi={PROVINCE}",
    "tu=40000&den=90000&xep=gia",
    "sao=4&sao=5&mua=on",
    f"giao=on&tinh={PROVINCE}&cn=vietgap",
    "nhom=gao-mien-do-kho&noi=01&noi=04&xep=ten",
)
# Frequent and rare ones, with and without diacritics, joined, synonyms, prefixes; then misspellings; then
# English.
_WORDS = (
    "miến dong",
    "gao",
    "mật ong rừng",
    "quyt bach thong",
    "khan tho cam",
    "che",
    "caphe",
    "đậu phộng",
    "htx",
    "bi xanh thom",
    "hong",
    "ga doi",
    "mien phu thong",
    "lap suon ba be",
    "nghe",
)
_MISSPELLED = ("mien dogn", "quty bach thong", "mat ogn rung", "khna tho cam", "gung tuoii", "lapsuonhunkhoi")
_ENGLISH = ("noodles", "honey", "rice of", "pillow", "tea")
_PREFIXES = ("mi", "mie", "mien", "mien d", "qu", "quyt", "kha", "khan tho", "th", "ha")


def measure_browsing(*, seconds: float) -> Iterator[Measurement]:
    """Measure each page for about `seconds` as a signed-in user, because guests get cached pages."""
    channel = market_channel()
    assert channel is not None
    client = Client(SERVER_NAME="localhost")
    client.force_login(User.objects.get(email=ACCOUNTS[0].email))
    sellers = Cooperative.objects.public().order_by("pk").values_list("slug", flat=True)[5:25]
    product_slugs = Product.objects.on_sale(channel.pk).order_by("pk").values_list("slug", flat=True)[100:140]
    pages: dict[str, list[str]] = {
        "list": [_LIST],
        "list, further pages": [f"{_LIST}?page={n}" for n in range(2, 42, 3)],
        "list in each order": [f"{_LIST}?xep={order}&tinh={PROVINCE}" for order in _ORDERS],
        "list, filtered": [f"{_LIST}?{filter_query}" for filter_query in _FILTERS],
        "list of a seller": [f"{_LIST}?htx={slug}" for slug in sellers],
        "category": [reverse("catalog:category", args=["gao-mien-do-kho"])],
        "search": [f"{_SEARCH}?q={prefix}" for prefix in _WORDS],
        "search, filtered": [f"{_SEARCH}?q={prefix}&mua=on&con=on&xep=gia" for prefix in _WORDS],
        "search, misspelt": [f"{_SEARCH}?q={prefix}" for prefix in _MISSPELLED],
        "search in English": [f"/en{_SEARCH}?q={prefix}" for prefix in _ENGLISH],
        "suggestions": [f"{reverse('catalog:suggest-searches')}?q={prefix}" for prefix in _PREFIXES],
        "product": [reverse("catalog:product", args=[slug]) for slug in product_slugs],
    }
    for name, urls in pages.items():
        for address in urls:
            client.get(address)  # warm up, as the first request of each page is not counted
        yield measure(name, _request_in_turn(client, urls), seconds=seconds)

    def forget() -> None:
        load_facet_index(channel.pk, vietnam_date(timezone.now())).cache.clear()

    uncached = _request_in_turn(client, pages["search"])
    yield measure("search, as if for the first time", uncached, seconds=seconds, prepare=forget)
    variables = {"channel": channel.slug}
    yield measure("API list of 20", api_request(LIST, variables | {"count": 20}), seconds=seconds)
    yield measure("API search", api_request(SEARCH, variables | {"words": "miến dong"}), seconds=seconds)


def _request_in_turn(client: Client, urls: Sequence[str]) -> Callable[[object], None]:
    turn = cycle(urls)

    def send_request(_prepared: object) -> None:
        address = next(turn)
        response = client.get(address)
        if response.status_code != 200:
            raise UnexpectedResponse(f"{address} answered {response.status_code}")

    return send_request
