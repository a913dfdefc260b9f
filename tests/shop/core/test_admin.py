"""Django's admin: every manual edit is recorded with its author and the values before and after."""

from __future__ import annotations

import pytest
from django.contrib import admin
from django.urls import reverse
from django.utils.translation import override

from catalog.models import Product, ProductType
from shop.accounts.models import App, Group, User
from shop.accounts.staff.permissions import Permission
from shop.content.models import Page, PageType
from shop.core.admin import ReadMostlyAdmin
from shop.core.models import Change, Channel, Picture, ShopSettings, Translation
from tests.factories import (
    make_admin,
    make_category,
    make_channel,
    make_cooperative,
    make_product,
    make_product_type,
    make_user,
)

pytestmark = pytest.mark.django_db
# A new value for one column of each model that is editable in the admin.
WRITTEN = {
    "core.channel": ("name", "Chợ miền núi"),
    "core.shopsettings": ("operator_phone", "+842091111111"),
    "core.picture": ("alt", "Quýt chín"),
    "core.translation": ("text", "Tangerine"),
    "catalog.category": ("name", "Hoa quả"),
    "catalog.producttype": ("name", "Hàng tươi"),
    "cooperatives.cooperative": ("summary", "Trồng quýt."),
    "accounts.user": ("is_active", False),
    "accounts.app": ("is_active", False),
    "content.page": ("title", "Về chợ phiên"),
}


def row_of(model):
    """Return the smallest valid row of this model."""
    factories = {
        Channel: make_channel,
        ShopSettings: lambda: ShopSettings.objects.create(),
        Picture: lambda: Picture.objects.create(original="pictures/original/a.jpg"),
        Translation: lambda: Translation.objects.create(
            kind="catalog.product", key="1", language="en", field="name", text="Mandarin"
        ),
        ProductType: make_product_type,
        User: make_user,
        App: lambda: App.objects.create(name="Kho"),
        Page: lambda: Page.objects.create(
            title="Về chợ", slug="ve-cho", page_type=PageType.objects.create(name="Trang", slug="trang")
        ),
    }
    other_factories = {"category": make_category, "cooperative": make_cooperative}
    return (factories.get(model) or other_factories[model._meta.model_name])()


def page_of(row):
    return reverse(f"admin:{row._meta.app_label}_{row._meta.model_name}_change", args=[row.pk])


def post_form(client, row, **changed):
    """Submit the admin form of a row with some fields changed."""
    form = client.get(page_of(row)).context["adminform"].form
    values = {name: form[name].value() for name in form.fields} | changed
    values = {name: "" if value is None else value for name, value in values.items() if value is not False}
    for inline in client.get(page_of(row)).context["inline_admin_formsets"]:
        prefix = inline.formset.prefix
        values |= {f"{prefix}-TOTAL_FORMS": 0, f"{prefix}-INITIAL_FORMS": 0}
    response = client.post(page_of(row), values)
    assert response.status_code == 302, response.context["errors"]


@pytest.fixture
def admin_client(client):
    client.force_login(make_admin(first_name="Triệu Thị Lan"))
    return client


def test_every_editable_model_is_tested_below() -> None:
    may_be_written = {
        model._meta.label_lower
        for model, page in admin.site._registry.items()
        if not isinstance(page, ReadMostlyAdmin) or page.editable
    }

    assert may_be_written == {*WRITTEN, "accounts.group"}


@pytest.mark.parametrize("label", WRITTEN)
def test_manual_edit_is_recorded(admin_client, label) -> None:
    model = next(model for model in admin.site._registry if model._meta.label_lower == label)
    field, value = WRITTEN[label]
    row = row_of(model)
    before = getattr(row, field)
    before_it = [*Change.objects.values_list("pk", flat=True)]

    post_form(admin_client, row, **{field: value})

    row.refresh_from_db()
    assert getattr(row, field) == value
    change = Change.objects.exclude(pk__in=before_it).get()
    assert (change.action, change.kind, change.key) == (
        f"{model._meta.model_name}.changed",
        label,
        str(row.pk),
    )
    assert (change.actor_name, change.entry_point) == ("Triệu Thị Lan", "desk")
    assert (change.data["from"], change.data["to"]) == ({field: before}, {field: value})


@pytest.mark.parametrize("label", WRITTEN)
def test_unchanged_form_records_nothing(admin_client, label) -> None:
    model = next(model for model in admin.site._registry if model._meta.label_lower == label)
    row = row_of(model)
    count = Change.objects.count()

    post_form(admin_client, row)

    assert Change.objects.count() == count


def test_note_about_a_person_is_not_copied_into_the_change_log(admin_client) -> None:
    user = make_user()

    post_form(admin_client, user, note="Hay gọi buổi tối.")

    change = Change.objects.get()
    assert change.data == {"fields": ["note"], "from": {}, "to": {}}


def test_renamed_category_updates_the_search_text_of_its_products(admin_client) -> None:
    category = make_category("Trái cây")
    product = make_product(name="Quýt", category=category)

    post_form(admin_client, category, name="Hoa quả")

    assert "hoa qua" in Product.objects.get(pk=product.pk).search_text


def test_group_permissions_are_recorded_when_created_changed_and_removed(admin_client) -> None:
    add = reverse("admin:accounts_group_add")
    group = {
        "name": "Duyệt hàng",
        "permissions-TOTAL_FORMS": 1,
        "permissions-INITIAL_FORMS": 0,
        "permissions-0-code": Permission.MANAGE_PRODUCTS,
    }

    admin_client.post(add, group)
    made = Group.objects.get()
    added = Change.objects.get()
    admin_client.post(
        page_of(made), {"name": "Xem", "permissions-TOTAL_FORMS": 0, "permissions-INITIAL_FORMS": 0}
    )
    edited = Change.objects.get(action="group.changed")
    admin_client.post(reverse("admin:accounts_group_delete", args=[made.pk]), {"post": "yes"})

    assert (added.action, added.data["permissions"]) == ("group.created", [Permission.MANAGE_PRODUCTS])
    assert (edited.data["from"]["name"], edited.data["to"]["name"]) == ("Duyệt hàng", "Xem")
    assert Change.objects.get(action="group.deleted").data == {"name": "Xem"}
    assert not Group.objects.exists()


LISTED = sorted(
    (model for model in admin.site._registry if model._meta.app_label != "orders"),
    key=lambda model: model._meta.label,
)


@pytest.mark.parametrize("model", LISTED)
def test_listed_models_have_vietnamese_names(model) -> None:
    names = []
    for language in ("en", "vi"):
        with override(language):
            names.append((str(model._meta.verbose_name), str(model._meta.verbose_name_plural)))

    english, vietnamese = names
    assert english[0] != vietnamese[0]
    assert english[1] != vietnamese[1]
