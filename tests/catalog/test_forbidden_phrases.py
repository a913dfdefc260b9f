"""Words that the law forbids stop a product, with the reason."""

from __future__ import annotations

import datetime

import pytest

from catalog.actions.listings.listing_states import publish_listing, submit_listing
from catalog.actions.products.attribute_values import AttributeInput
from catalog.actions.products.save_products import update_product
from catalog.actions.products.variants import update_variant
from catalog.actions.sellers.profile_texts import (
    add_seller_household,
    translate_seller,
    update_seller_household,
    update_seller_profile,
)
from catalog.actions.sellers.sales_pause import pause_cooperative_with_note
from catalog.actions.wording.forbidden_phrases import (
    ForbiddenWords,
    InvalidPhrase,
    allow_phrase,
    forbid_phrase,
    require_allowed_texts,
)
from catalog.models import Attribute, ForbiddenPhrase, Listing, Product, ProductTypeAttribute
from catalog.states import ListingState
from cooperatives.actions.profile import HouseholdDetails
from shop.core.actors import Actor
from shop.core.database.row_values import AlreadyTaken
from shop.core.dates.calendar import vietnam_date
from shop.core.errors import Missing
from shop.core.models import Change
from tests.catalog.test_product_revisions import make_approved
from tests.factories import NOW
from tests.refusals import assert_refused

pytestmark = pytest.mark.django_db
ACTOR_AND_NOW = {"actor": Actor.system("test"), "now": NOW}


@pytest.mark.parametrize(
    "text",
    [
        "Lá chữa khỏi ung thư",
        "LÁ CHỮA KHỎI mất ngủ",
        "la chua khoi benh",
        "Lá chữa-khỏi bệnh",
        "Lá ch\u200bữa khỏi bệnh",
        "Điều trị đau lưng",
        "This tea cures everything",
    ],
)
def test_claim_to_cure_is_refused(text: str) -> None:
    with assert_refused(ForbiddenWords, "forbidden_words"):
        require_allowed_texts({"name": text})


@pytest.mark.parametrize(
    "text", ["Thịt chua Thanh Sơn", "Chưa khỏi mùa", "Gối thảo dược", "Măng chua, bệnh viện", "Dễ điều chế"]
)
def test_ordinary_words_are_allowed(text: str) -> None:
    require_allowed_texts({"name": text})


def test_spelling_of_the_tone_makes_no_difference() -> None:
    forbid_phrase(phrase="Giải hóa", reason="thử", **ACTOR_AND_NOW)

    with assert_refused(ForbiddenWords, "forbidden_words") as refusal:
        require_allowed_texts({"name": "giải hoá"})
    assert str(refusal.value.message) == "“giải hóa” không dùng được ở đây: thử"


def test_seller_cannot_propose_a_forbidden_name() -> None:
    product = make_approved()

    with assert_refused(ForbiddenWords, "forbidden_words") as refusal:
        update_product(
            product_id=product.pk,
            cooperative=product.cooperative,
            values={"name": "Lá chữa khỏi ung thư"},
            **ACTOR_AND_NOW,
        )
    assert (refusal.value.field, refusal.value.details["phrase"]) == ("name", "chữa khỏi")


def test_name_of_an_option_is_checked() -> None:
    variant = make_approved().variants.get()

    with assert_refused(ForbiddenWords, "forbidden_words"):
        update_variant(variant_id=variant.pk, values={"name": "Chữa bệnh"}, **ACTOR_AND_NOW)


def test_text_from_before_the_list_is_not_submitted_or_published() -> None:
    product = make_approved()
    Product.objects.update(description_text="Chữa bệnh dạ dày")
    listing = Listing.objects.get()
    Listing.objects.update(state=ListingState.DRAFT)

    with assert_refused(ForbiddenWords, "forbidden_words"):
        submit_listing(cooperative=product.cooperative, listing_id=listing.pk, **ACTOR_AND_NOW)
    Listing.objects.update(state=ListingState.IN_REVIEW)
    with assert_refused(ForbiddenWords, "forbidden_words"):
        publish_listing(listing_id=listing.pk, **ACTOR_AND_NOW)


def test_desk_adds_and_removes_phrases() -> None:
    row = forbid_phrase(phrase="  Thuốc   Tiên ", reason="Quảng cáo như thuốc", **ACTOR_AND_NOW)
    assert row.phrase == "thuốc tiên"
    with assert_refused(AlreadyTaken, "already_taken"):
        forbid_phrase(phrase="thuốc tiên", reason="x", **ACTOR_AND_NOW)
    with assert_refused(InvalidPhrase, "invalid_phrase"):
        forbid_phrase(phrase=" … ", reason="x", **ACTOR_AND_NOW)

    allow_phrase(phrase_id=row.pk, **ACTOR_AND_NOW)

    require_allowed_texts({"name": "thuốc tiên"})
    assert not ForbiddenPhrase.objects.filter(pk=row.pk).exists()
    assert Change.objects.get(action="forbidden_phrase.deleted").snapshot == {"phrase": "thuốc tiên"}
    with assert_refused(Missing, "missing"):
        allow_phrase(phrase_id=row.pk, **ACTOR_AND_NOW)


def test_seeded_reasons_cite_the_articles_of_the_law_on_advertising() -> None:
    reasons = set(ForbiddenPhrase.objects.values_list("reason", flat=True))

    assert reasons == {
        "không được giới thiệu thực phẩm, thảo mộc như thuốc chữa bệnh "
        "(Luật Quảng cáo: khoản 9 Điều 8, khoản 1 Điều 19)."
    }


def test_free_text_of_an_attribute_is_checked() -> None:
    product = make_approved()
    attribute = Attribute.objects.create(slug="cong-dung", name="Công dụng", input_type="plain-text")
    ProductTypeAttribute.objects.create(product_type=product.product_type, attribute=attribute)
    rich = {"blocks": [{"type": "paragraph", "data": {"text": "Chữa <b>khỏi</b> đau lưng"}}]}

    for columns in ({"name": "x", "plain_text": "Đặc trị đau lưng"}, {"name": "x", "rich_text": rich}):
        with assert_refused(ForbiddenWords, "forbidden_words"):
            update_product(
                product_id=product.pk,
                values={},
                inputs=[AttributeInput(attribute.pk, own_values=[columns])],
                **ACTOR_AND_NOW,
            )


def test_season_note_is_checked() -> None:
    product = make_approved()

    with assert_refused(ForbiddenWords, "forbidden_words"):
        update_product(product_id=product.pk, values={"season_note": "Mùa chữa bệnh"}, **ACTOR_AND_NOW)


def test_profile_and_its_translation_are_checked() -> None:
    seller = make_approved().cooperative

    with assert_refused(ForbiddenWords, "forbidden_words") as refusal:
        update_seller_profile(cooperative=seller, summary="", story="Lá chữa khỏi ung thư", **ACTOR_AND_NOW)
    assert refusal.value.field == "story"
    translation = {"cooperative_id": seller.pk, "language": "en", "households": {}, "delivery_methods": {}}
    with assert_refused(ForbiddenWords, "forbidden_words"):
        translate_seller(texts={"summary": "It cures all"}, **translation, **ACTOR_AND_NOW)


def test_texts_about_households_are_checked() -> None:
    seller = make_approved().cooperative
    household = add_seller_household(
        cooperative=seller, details=HouseholdDetails("Nhà bà Mùi"), **ACTOR_AND_NOW
    )
    claim = HouseholdDetails("Nhà bà Mùi", products_made="Cao chữa khỏi ung thư")

    with assert_refused(ForbiddenWords, "forbidden_words") as refusal:
        add_seller_household(cooperative=seller, details=claim, **ACTOR_AND_NOW)
    assert refusal.value.field == "products_made"
    with assert_refused(ForbiddenWords, "forbidden_words"):
        update_seller_household(cooperative=seller, household_id=household.pk, details=claim, **ACTOR_AND_NOW)


def test_pause_note_is_checked() -> None:
    seller = make_approved().cooperative
    note = "Nghỉ hái lá chữa khỏi ung thư"
    pause = {"cooperative_id": seller.pk, "until": None, "today": vietnam_date(NOW)}

    with assert_refused(ForbiddenWords, "forbidden_words") as refusal:
        pause_cooperative_with_note(note=note, **pause, **ACTOR_AND_NOW)
    assert refusal.value.field == "note"


def test_renamed_option_restarts_the_review() -> None:
    product = make_approved()
    Listing.objects.update(state=ListingState.IN_REVIEW, submitted_at=NOW)
    later = NOW + datetime.timedelta(minutes=5)

    update_variant(
        variant_id=product.variants.get().pk,
        values={"name": "Gói to"},
        actor=ACTOR_AND_NOW["actor"],
        now=later,
    )

    assert Listing.objects.get().submitted_at == later
