"""Compiled queries return the same rows as the querysets they are compiled from."""

from __future__ import annotations

import datetime
import threading
import uuid

import pytest
from django.contrib.auth.models import Permission
from django.db import connection, transaction
from django.db.migrations.recorder import MigrationRecorder
from django.db.models import F, Sum
from django.test.utils import CaptureQueriesContext

from catalog.models import Category, Product, Stock, Variant
from orders.models import Basket, BasketLine
from shop.core.database.compiled_query import compiled_query
from shop.core.database.prefetched_rows import attach_prefetched_rows
from shop.core.models import TaxRate
from tests.factories import (
    NOW,
    make_basket,
    make_category,
    make_channel,
    make_product,
    make_seller,
    make_tax_class,
    make_variant,
)

pytestmark = pytest.mark.django_db

built = []


@compiled_query
def variants_of(cooperative, keys):
    built.append("variants_of")
    rows = Variant.objects.filter(cooperative=cooperative, pk__in=keys).select_related(
        "product__product_type"
    )
    return rows.prefetch_related("prices").annotate(twice=F("pk") * 2).order_by("pk")


def test_compiled_query_returns_the_rows_of_the_queryset() -> None:
    seller, other = make_seller(), make_seller("HTX Tài Hoan")
    variants = [make_variant(seller, name=name) for name in ("Bí", "Gạo", "Quýt")]
    make_variant(other)
    keys = [variant.pk for variant in variants]
    built.clear()

    for requested in (keys, set(keys), [*keys[::-1], 10**9], keys[:1], keys[1:3], []):
        rows = variants_of(seller.pk, requested)
        expected = sorted(set(requested) & set(keys))
        assert [row.pk for row in rows] == expected
        assert [row.twice for row in rows] == [key * 2 for key in expected]
        with CaptureQueriesContext(connection) as queries:
            assert [(row.product.product_type.slug, row.prices.get_queryset()[0].amount) for row in rows] == [
                ("hang-thuong", 320_000)
            ] * len(rows)
        assert len(queries) == 0
    assert variants_of(other.pk, keys) == []
    # For 4, 1 and 2 keys, and on PostgreSQL for any number; and once for an empty list.
    assert len(built) == (2 if connection.vendor == "postgresql" else 4)

    with CaptureQueriesContext(connection) as queries:
        assert variants_of(seller.pk, []) == variants_of(other.pk, ()) == []
    assert len(queries) == 0
    assert built.count("variants_of") == (2 if connection.vendor == "postgresql" else 4)


def test_arguments_of_every_type_are_adapted_to_the_database() -> None:
    seller = make_seller()
    variant = make_variant(seller, category=make_category("Gạo"))
    basket = make_basket((variant, 2))
    make_tax_class()
    TaxRate.objects.update(valid_from=datetime.date(2026, 11, 24))

    by_uuid = compiled_query(
        lambda key: BasketLine.objects.filter(basket=key).values_list("quantity", flat=True)
    )
    by_text = compiled_query(lambda slug: Category.objects.filter(slug=slug).values("name"))
    by_moment = compiled_query(lambda moment: Basket.objects.filter(changed_at__lte=moment).values_list("pk"))
    by_day = compiled_query(
        lambda day: TaxRate.objects.filter(valid_from__lte=day).values_list("rate", flat=True)
    )
    by_shape = compiled_query(
        lambda closed, *, limit: Stock.objects.filter(warehouse__closed_at=closed)[:limit]
    )
    summed = compiled_query(
        lambda channel: (
            Stock.objects.filter(warehouse__channels=channel).values("variant").annotate(all=Sum("on_hand"))
        )
    )
    for _twice in range(2):
        assert by_uuid(basket.pk) == [2]
        assert by_uuid(uuid.uuid4()) == []
        assert by_text("gao") == [{"name": "Gạo"}]
        assert by_text("2000000000") == []
        assert by_moment(NOW) == [(basket.pk,)]
        assert by_moment(NOW - datetime.timedelta(microseconds=1)) == []
        assert len(by_day(datetime.date(2026, 11, 24))) == 1
        assert by_day(datetime.date(2026, 11, 23)) == []
        assert len(by_shape(None, limit=1)) == 1
        assert summed(make_channel().pk) == [{"variant": variant.pk, "all": 10}]


def test_deferred_columns_and_empty_joins_behave_as_in_django() -> None:
    bare = make_variant(make_seller(), name="Bí")  # in no category
    prepared_rows = compiled_query(
        lambda keys: (
            Variant.objects.filter(pk__in=keys)
            .select_related("product__category")
            .defer("product__description")
        )
    )

    for _twice in range(2):
        (row,) = prepared_rows([bare.pk])
        assert row.product.category is None
        assert [instance._state.adding for instance in (row, row.product)] == [False, False]
        assert row.product.get_deferred_fields() == {"description"}
        assert row.product.description == bare.product.description
        row.name = "Bí đỏ"
        row.save(update_fields=["name"])
        assert Variant.objects.get(pk=bare.pk).name == "Bí đỏ"


@pytest.mark.django_db(transaction=True)
def test_rows_are_locked_only_in_transactions() -> None:
    locking = compiled_query(lambda key: Stock.objects.filter(pk=key).select_for_update())
    with transaction.atomic():
        assert locking(1) == []
    if connection.features.has_select_for_update:
        with pytest.raises(transaction.TransactionManagementError):
            locking(1)


def test_wildcards_in_text_arguments_are_escaped() -> None:
    for name in ("Gạo nếp", "Gạo_tẻ", "100% gạo"):
        make_category(name)
    names = Category.objects.order_by("name").values_list("name", flat=True)
    holding = compiled_query(lambda text: names.filter(name__contains=text))
    beginning = compiled_query(lambda text: names.filter(name__startswith=text))
    exactly = compiled_query(lambda text: names.filter(name__iexact=text))

    for _twice in range(2):
        assert (holding("_"), holding("%")) == (["Gạo_tẻ"], ["100% gạo"])
        assert sorted(beginning("Gạo")) == ["Gạo nếp", "Gạo_tẻ"]
        assert (exactly("Gạo_tẻ"), exactly("Gạo%")) == (["Gạo_tẻ"], [])


def test_transformed_and_unused_arguments_are_refused() -> None:
    holding = compiled_query(lambda day: Basket.objects.filter(changed_at__date=day))
    unused = compiled_query(lambda key: Category.objects.all())

    for query, argument in ((holding, datetime.datetime(2026, 11, 24)), (unused, 3)):
        with pytest.raises(ValueError, match="argument 1 does not reach"):
            query(argument)
    with pytest.raises(TypeError, match="takes no float"):
        unused(1.5)


def test_attached_rows_need_no_query_and_refuse_filters() -> None:
    with_sizes = make_product(variants=(("nhỏ", 0), ("to", 10_000)))
    other = make_product(name="Áo chàm")
    bare = Product(pk=10**9)

    attach_prefetched_rows(
        [with_sizes, other, bare], "variants", Variant.objects.order_by("-pk"), foreign_key="product"
    )

    with CaptureQueriesContext(connection) as queries:
        assert [variant.name for variant in with_sizes.variants.all()] == ["to", "nhỏ"]
        assert with_sizes.variants.all()[0].product is with_sizes
        assert len(other.variants.all()) == 1
        assert list(bare.variants.all()) == []
        with pytest.raises(TypeError, match="nothing but all"):
            with_sizes.variants.filter(name="to")
    assert len(queries) == 0


def test_constants_are_compared_as_they_are() -> None:
    names = ("50% gạo %s", "d'Or", "Gạo")
    for name in names:
        make_category(name)
    keys = list(Category.objects.order_by("name").values_list("pk", flat=True))

    for name in names:
        named = compiled_query(
            lambda keys, *, name: Category.objects.filter(pk__in=keys, name__in=[name]).values_list("name")
        )
        for _thrice in range(3):
            assert named(keys, name=name) == [(name,)]
            assert named(keys[:0], name=name) == []


def test_logged_statement_shows_its_values() -> None:
    named = compiled_query(lambda names: Category.objects.filter(name__in=names))

    for _thrice in range(3):
        with CaptureQueriesContext(connection) as queries:
            named(["Gạo nếp"])
        assert "Gạo nếp" in queries[0]["sql"]


def test_each_member_of_a_collection_may_have_its_own_condition() -> None:
    for name in ("Gạo nếp", "Gạo tẻ", "Bí"):
        make_category(name)

    @compiled_query
    def holding_all(words):
        rows = Category.objects.all()
        for word in words:
            rows = rows.filter(name__contains=word)
        return rows.order_by("name").values_list("name", flat=True)

    for _thrice in range(3):
        assert holding_all([]) == ["Bí", "Gạo nếp", "Gạo tẻ"]
        assert holding_all(["Gạo"]) == ["Gạo nếp", "Gạo tẻ"]
        assert holding_all(["Gạo", "tẻ"]) == ["Gạo tẻ"]
        assert holding_all(["Gạo", "tẻ", "nếp"]) == []


@pytest.mark.postgres
def test_postgresql_reuses_the_plan_of_a_query_for_one_key() -> None:
    by_key = compiled_query(lambda keys: Permission.objects.filter(pk__in=keys).order_by())
    permission = Permission.objects.order_by("pk")[0]
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE auth_permission")

    for _ in range(12):
        assert by_key([permission.pk]) == [permission]

    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT custom_plans, generic_plans FROM pg_prepared_statements"
            " WHERE statement LIKE '%auth_permission%ANY%'"
        )
        ((custom_plans, generic_plans),) = cursor.fetchall()
    assert custom_plans == 5  # PostgreSQL's trials before it compares plans
    assert generic_plans > 0


@pytest.mark.django_db(transaction=True)
def test_statements_prepared_before_a_migration_are_not_used_after_it() -> None:
    make_category("Gạo")
    by_name = compiled_query(lambda names: Category.objects.filter(name__in=names))
    for count in range(1, 8):
        assert [row.name for row in by_name(["Gạo"] * count)] == ["Gạo"]

    try:
        _in_another_connection(_widen_category_names)
        connection.close_if_unusable_or_obsolete()  # as when a request begins
        with transaction.atomic():
            rows = by_name(["Gạo"])
    finally:
        _in_another_connection(_restore_category_names)
    assert [row.name for row in rows] == ["Gạo"]


def _in_another_connection(work) -> None:
    def work_and_close() -> None:
        try:
            work()
        finally:
            connection.close()

    thread = threading.Thread(target=work_and_close)
    thread.start()
    thread.join()


def _widen_category_names() -> None:
    _alter_category_names("varchar(999)")
    MigrationRecorder(connection).record_applied("catalog", "9999_wider_names")


def _restore_category_names() -> None:
    _alter_category_names(Category._meta.get_field("name").db_type(connection))
    MigrationRecorder(connection).record_unapplied("catalog", "9999_wider_names")


def _alter_category_names(column_type: str) -> None:
    """Change the column's type on PostgreSQL; on SQLite types have no lengths."""
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute(f"ALTER TABLE catalog_category ALTER COLUMN name TYPE {column_type}")
