"""Unique constraints over nullable columns, on both databases."""

from __future__ import annotations

from decimal import Decimal

import pytest
from django.db import IntegrityError, transaction

from cooperatives.models import DeliveryRate
from shop.core.models import TaxRate
from tests.factories import make_channel, make_cooperative, make_delivery_method

pytestmark = pytest.mark.django_db


def test_delivery_method_has_one_open_rate_per_province() -> None:
    channel = make_channel()
    delivery_method = make_delivery_method(make_cooperative(), channel, provinces=("",))

    with pytest.raises(IntegrityError), transaction.atomic():
        DeliveryRate.objects.create(delivery_method=delivery_method, channel=channel, currency="VND", price=1)

    assert delivery_method.rates.count() == 1


def test_country_has_one_default_tax_rate() -> None:
    TaxRate.objects.create(country="VN", rate=Decimal(8))

    with pytest.raises(IntegrityError), transaction.atomic():
        TaxRate.objects.create(country="VN", rate=Decimal(10))

    assert TaxRate.objects.count() == 1
