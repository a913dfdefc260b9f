"""Price, stock, season and pause of many products in one table. Each row is saved on its own."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

from django.core.paginator import Paginator
from django.forms import BoundField
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import render
from django.utils import timezone

from catalog.actions.listings.listing_states import pause_listing, resume_listing
from catalog.actions.products.save_products import update_product
from catalog.actions.products.variant_rows import ListPrice
from catalog.actions.products.variants import update_variant
from catalog.actions.stock.stock_movements import StockCount, record_stock_counts
from catalog.models import Listing, Price, Stock, Variant
from catalog.states import ListingState
from cooperatives.access import MemberRight, MembershipContext
from shop.core.errors import NeedsConfirmation, Refused
from shop.core.texts.folding import query_words
from shop.core.web.http_methods import require_safe_or_post
from shop.members.forms.fields import parse_key
from shop.members.forms.product_rows import OptionRow, ProductRowForm
from shop.members.member_access import for_members, render_page

PER_PAGE = 15


@dataclass(slots=True)
class ProductRow:
    """A row of the table.

    `is_saved` is True if the row was saved, False if it was refused, and None if it was not sent.
    `confirmation_tokens` belong to unusual prices, by variant, that the member has to confirm.
    """

    listing: Listing
    options: Sequence[OptionRow]
    form: ProductRowForm
    is_saved: bool | None = None
    confirmation_tokens: dict[int, str] = field(default_factory=dict)
    idempotency_key: uuid.UUID = field(default_factory=uuid.uuid4)

    @property
    def is_on_sale(self) -> bool:
        return self.listing.state == ListingState.PUBLISHED

    @property
    def fields(self) -> list[tuple[OptionRow, BoundField, BoundField | None, str]]:
        """Each option with its fields for price and stock, and the token of its open question."""
        return [
            (
                option,
                self.form[f"price-{option.variant.pk}"],
                self.form[f"counted-{option.variant.pk}"] if option.stock is not None else None,
                self.confirmation_tokens.get(option.variant.pk, ""),
            )
            for option in self.options
        ]


@require_safe_or_post
@for_members(MemberRight.LIST)
def edit_many_products(request: HttpRequest, membership: MembershipContext) -> HttpResponse:
    """Show the table of products. A POST saves one row, named by the field `only`, or all rows.

    `?tim=` finds products by name.
    """
    query = request.GET.get("tim", "").strip()
    listings = Listing.objects.for_cooperative(membership.cooperative).exclude(state=ListingState.WITHDRAWN)
    for word in query_words(query):
        listings = listings.filter(product__search_name__contains=word)
    ordered = listings.select_related("channel", "product").order_by("product__sort_key", "pk")
    page = Paginator(ordered, PER_PAGE).get_page(request.GET.get("page"))
    rows = _load_rows(membership, list(page.object_list))
    if request.method == "POST":
        only = parse_key(request.POST.get("only"))
        rows = _save_rows(membership, rows, request.POST, only)
        if only and request.headers.get("HX-Request"):
            saved = next((row for row in rows if row.listing.pk == only), None)
            return render(request, "members/product_row.html", {"row": saved})
    context = {
        "page": page,
        "rows": rows,
        "query": query,
        "saved_count": sum(row.is_saved is True for row in rows),
        "failed_count": sum(bool(row.form.errors) for row in rows),
    }
    return render_page(request, membership, "members/product_table.html", context)


def _load_rows(
    membership: MembershipContext, listings: Sequence[Listing], data: QueryDict | None = None
) -> list[ProductRow]:
    """Return the rows with their options. The number of queries does not depend on the number of rows."""
    products = [listing.product_id for listing in listings]
    variants: dict[int, list[Variant]] = {}
    for variant in Variant.objects.filter(product__in=products).in_order():
        variants.setdefault(variant.product_id, []).append(variant)
    prices = {
        (price.variant_id, price.channel_id): price
        for price in Price.objects.filter(variant__product__in=products)
    }
    stocks = _read_single_stocks(products) if membership.may(MemberRight.COUNT_STOCK) else {}
    rows = []
    for listing in listings:
        options = [
            OptionRow(variant, prices.get((variant.pk, listing.channel_id)), stocks.get(variant.pk))
            for variant in variants.get(listing.product_id, [])
        ]
        rows.append(ProductRow(listing, options, ProductRowForm(data, listing=listing, options=options)))
    return rows


def _read_single_stocks(product_ids: Sequence[int]) -> Mapping[int, Stock]:
    """Return the stock of each tracked variant that one warehouse alone holds."""
    stocks: dict[int, list[Stock]] = {}
    for stock in Stock.objects.countable().filter(variant__product__in=product_ids):
        stocks.setdefault(stock.variant_id, []).append(stock)
    return {variant_id: rows[0] for variant_id, rows in stocks.items() if len(rows) == 1}


def _save_rows(
    membership: MembershipContext, rows: Sequence[ProductRow], data: QueryDict, only: int
) -> list[ProductRow]:
    """Save the submitted rows one by one, and return all rows with what the database holds now."""
    submitted: dict[int, ProductRow] = {}
    for row in rows:
        if only not in (0, row.listing.pk) or f"goods-{row.listing.pk}-key" not in data:
            continue
        form = ProductRowForm(data, listing=row.listing, options=row.options)
        saved = ProductRow(row.listing, row.options, form)
        _save_row(membership, saved)
        submitted[row.listing.pk] = saved
    fresh_listings = list(
        Listing.objects.filter(pk__in=[row.listing.pk for row in rows]).select_related("channel", "product")
    )
    fresh = {row.listing.pk: row for row in _load_rows(membership, fresh_listings)}
    return [_with_answer(fresh[row.listing.pk], submitted.get(row.listing.pk)) for row in rows]


def _with_answer(fresh: ProductRow, submitted: ProductRow | None) -> ProductRow:
    """Return the fresh row with the answer to its submission. Invalid input stays in its fields."""
    if submitted is None:
        return fresh
    if submitted.form.errors:
        submitted.form.show_current_values(fresh.form)
        fresh.form = submitted.form
    fresh.is_saved, fresh.confirmation_tokens = submitted.is_saved, submitted.confirmation_tokens
    return fresh


def _save_row(membership: MembershipContext, row: ProductRow) -> None:
    """Save what changed in a row. A refused value becomes an error of its field, and the others are saved."""
    form = row.form
    if not form.is_valid():
        return
    saves = [
        *_changed_price_cells(membership, row),
        *_changed_stock_cells(membership, row),
        *_changed_listing_cells(membership, row),
    ]
    saved_count = 0
    for field_name, option, save in saves:
        with _as_field_error(row, field_name, option):
            save()
            saved_count += 1
    row.is_saved = saved_count > 0


CellSave = tuple[str, OptionRow | None, Callable[[], object]]


def _changed_price_cells(membership: MembershipContext, row: ProductRow) -> Iterator[CellSave]:
    for option in row.options:
        price = row.form.new_price(option)
        if price is None:
            continue

        def save(option: OptionRow = option, price: int = price) -> object:
            return update_variant(
                variant_id=option.variant.pk,
                cooperative=membership.cooperative,
                values={},
                prices=[ListPrice(row.listing.channel, price)],
                seen_prices={row.listing.channel_id: row.form.seen_price(option)},
                confirmation_token=row.form.confirmation_token(option),
                actor=membership.actor,
                now=timezone.now(),
            )

        yield f"price-{option.variant.pk}", option, save


def _changed_stock_cells(membership: MembershipContext, row: ProductRow) -> Iterator[CellSave]:
    for option in row.options:
        counted = row.form.new_count(option)
        if counted is None or option.stock is None:
            continue
        count = StockCount(
            option.variant.pk,
            option.stock.warehouse_id,
            counted,
            idempotency_key=f"count:{option.stock.pk}:{row.form.cleaned_data['key'] or uuid.uuid4()}",
            seen_on_hand=row.form.seen_stock(option),
        )

        def save(count: StockCount = count) -> object:
            return record_stock_counts(
                cooperative=membership.cooperative, counts=[count], actor=membership.actor, now=timezone.now()
            )

        yield f"counted-{option.variant.pk}", option, save


def _changed_listing_cells(membership: MembershipContext, row: ProductRow) -> Iterator[CellSave]:
    listing, season = row.listing, row.form.new_season()
    if season is not None:
        yield (
            "months",
            None,
            lambda: update_product(
                product_id=listing.product_id,
                cooperative=membership.cooperative,
                values={"season": season},
                seen_values={"season": row.form.seen_season()},
                actor=membership.actor,
                now=timezone.now(),
            ),
        )
    if row.form.is_pause_changed() and row.form.cleaned_data["is_on_sale"] != row.is_on_sale:
        action = pause_listing if row.is_on_sale else resume_listing
        yield (
            "is_on_sale",
            None,
            lambda: action(
                cooperative=membership.cooperative,
                listing_id=listing.pk,
                actor=membership.actor,
                now=timezone.now(),
            ),
        )


@contextmanager
def _as_field_error(row: ProductRow, field_name: str, option: OptionRow | None) -> Iterator[None]:
    """Turn a refusal into an error of the field. A question keeps its token for the next try."""
    try:
        yield
    except Refused as refused:
        if isinstance(refused, NeedsConfirmation) and option is not None:
            row.confirmation_tokens[option.variant.pk] = refused.confirmation_token
        row.form.add_error(field_name, str(refused.message))
