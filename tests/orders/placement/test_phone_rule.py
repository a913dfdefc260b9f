"""Every action that saves a phone number refuses one that cannot be dialled, whoever calls it."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import Any

import pytest

from cooperatives.actions.profile import HouseholdDetails, add_household
from cooperatives.actions.warehouses import WarehouseDetails, open_warehouse
from cooperatives.models import ClickAndCollect
from orders.actions.basket.checkout_details import set_billing_address, set_shipping_address
from orders.actions.checkout.open_checkout import open_checkout
from orders.actions.fulfilment.deliver_parcels import DispatchDetails, hand_over_parcel
from orders.actions.fulfilment.pack_parcels import accept_part, close_parcel, pack_parcel
from orders.actions.placement.correct_order import correct_contact, correct_order
from orders.actions.placement.draft_orders import create_draft, edit_draft
from orders.actions.placement.place_order import place_order
from orders.models import OrderSource
from shop.accounts.models import Address, ConsentPurpose
from shop.accounts.personal.profile import add_address
from shop.accounts.registration.accounts import change_details
from shop.core.actors import Actor
from shop.core.identifiers.phones import InvalidPhone
from tests.factories import (
    NOW,
    carrier_deliveries,
    make_basket,
    make_channel,
    make_contact,
    make_order,
    make_seller,
    make_user,
    make_variant,
)
from tests.refusals import assert_refused

pytestmark = pytest.mark.django_db
ACTOR_AND_NOW = {"actor": Actor.system("test"), "now": NOW}
PHONE_OF_NINE_DIGITS = "090000002"


def wrong_address() -> Address:
    address = make_contact().address
    address.phone = PHONE_OF_NINE_DIGITS
    return address


def wrong_contact() -> Any:
    return dataclasses.replace(make_contact(), phone=PHONE_OF_NINE_DIGITS)


def placing() -> Callable[[], object]:
    basket = make_basket((make_variant(), 1))
    deliveries, consents = carrier_deliveries(basket), frozenset({ConsentPurpose.ORDER})
    return lambda: place_order(
        basket_id=basket.pk,
        contact=wrong_contact(),
        deliveries=deliveries,
        consents=consents,
        **ACTOR_AND_NOW,
    )


def checking_out() -> Callable[[], object]:
    basket = make_basket((make_variant(), 1))
    return lambda: open_checkout(basket_id=basket.pk, contact=wrong_contact(), now=NOW)


def addressing(action: Callable[..., object]) -> Callable[[], Callable[[], object]]:
    def prepare() -> Callable[[], object]:
        basket = make_basket((make_variant(), 1))
        return lambda: action(basket_id=basket.pk, address=wrong_address(), now=NOW)

    return prepare


def correcting_contact() -> Callable[[], object]:
    order = make_order()
    return lambda: correct_contact(order_id=order.pk, contact=wrong_contact(), **ACTOR_AND_NOW)


def correcting_order() -> Callable[[], object]:
    order = make_order()
    return lambda: correct_order(order_id=order.pk, values={}, billing=wrong_address(), **ACTOR_AND_NOW)


def drafting() -> Callable[[], object]:
    make_seller()
    draft = create_draft(channel=make_channel(), source=OrderSource.PHONE, **ACTOR_AND_NOW)
    return lambda: edit_draft(
        order_id=draft.pk, lines=[], deliveries={}, contact=wrong_contact(), **ACTOR_AND_NOW
    )


def handing_over() -> Callable[[], object]:
    part = accept_part(part_id=make_order().parts.get().pk, **ACTOR_AND_NOW)
    parcel = pack_parcel(part_id=part.pk, quantities={part.lines.get().pk: 1}, **ACTOR_AND_NOW)
    close_parcel(parcel_id=parcel.pk, **ACTOR_AND_NOW)
    dispatch = DispatchDetails(driver_phone="12ab")
    return lambda: hand_over_parcel(parcel_id=parcel.pk, dispatch=dispatch, **ACTOR_AND_NOW)


def opening_warehouse() -> Callable[[], object]:
    seller = make_seller()
    details = WarehouseDetails(
        name="Kho hai",
        street="Thôn Nà Ít",
        commune_name="Xã Phủ Thông",
        commune_code="",
        province_name="Thái Nguyên",
        province_code="19",
        phone=PHONE_OF_NINE_DIGITS,
        click_and_collect=ClickAndCollect.DISABLED,
    )
    return lambda: open_warehouse(cooperative=seller, details=details, **ACTOR_AND_NOW)


def adding_household() -> Callable[[], object]:
    seller = make_seller()
    details = HouseholdDetails(
        name="Nhà bà Mùi", products_made="", place="", phone=PHONE_OF_NINE_DIGITS, has_consent=False
    )
    return lambda: add_household(cooperative=seller, details=details, **ACTOR_AND_NOW)


def adding_address() -> Callable[[], object]:
    user = make_user()
    return lambda: add_address(user_id=user.pk, address=wrong_address(), use=None, **ACTOR_AND_NOW)


def changing_details() -> Callable[[], object]:
    user = make_user()
    return lambda: change_details(
        user_id=user.pk, name="Hoa", phone=PHONE_OF_NINE_DIGITS, address=None, **ACTOR_AND_NOW
    )


@pytest.mark.parametrize(
    "prepare",
    [
        *(placing, checking_out, addressing(set_shipping_address), addressing(set_billing_address)),
        *(correcting_contact, correcting_order, drafting, handing_over, opening_warehouse),
        *(adding_household, adding_address, changing_details),
    ],
)
def test_number_that_cannot_be_dialled_is_refused(prepare: Callable[[], Callable[[], object]]) -> None:
    act = prepare()

    with assert_refused(InvalidPhone, "invalid_phone"):
        act()


def test_refusal_names_the_field_and_both_counts() -> None:
    with pytest.raises(InvalidPhone) as refused:
        wrong_address().require_phone()

    assert refused.value.field == "phone"
    assert "10" in str(refused.value.message)
    assert "9" in str(refused.value.message)


def test_address_that_skips_validation_and_foreign_numbers_pass() -> None:
    skipped = wrong_address()
    skipped.validation_skipped = True
    american = Address(country="US", phone="202-555-0100")

    skipped.require_phone()
    american.require_phone()
    Address(phone="").require_phone()
