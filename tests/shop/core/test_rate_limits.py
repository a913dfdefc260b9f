"""Rate limits, and the network a request comes from."""

from __future__ import annotations

import datetime

import pytest
from django.core.cache import cache
from django.db import transaction
from django.test import override_settings
from django.utils import timezone

from shop.core.models import LimitCounter
from shop.core.web.rate_limits import RateLimit, TooManyTries, client_network, delete_expired_limits_task

pytestmark = pytest.mark.django_db

LIMIT = RateLimit("test", max_tries=2, seconds=600)


def test_try_beyond_the_limit_is_refused_with_the_wait() -> None:
    LIMIT.count_try("a")
    LIMIT.check("a")
    LIMIT.count_try("a")

    with pytest.raises(TooManyTries) as refused:
        LIMIT.check("a")

    assert refused.value.details == {"minutes": 10}


def test_each_key_is_counted_separately() -> None:
    LIMIT.count_try("a", "b")
    LIMIT.count_try("a", "b")

    LIMIT.check("a")
    LIMIT.check("a", "c")


def test_forgotten_key_may_be_tried_again() -> None:
    LIMIT.count_try("a")
    LIMIT.count_try("a")

    LIMIT.reset("a")

    LIMIT.check("a")


def test_take_counts_a_try_and_refuses_when_none_is_left() -> None:
    LIMIT.count_try("a")
    LIMIT.count_try("a")

    with pytest.raises(TooManyTries) as refused:
        LIMIT.count_try("a")

    assert refused.value.details == {"minutes": 10}
    assert LimitCounter.objects.get().count == 2


def test_counting_restarts_when_the_period_has_ended() -> None:
    LIMIT.count_try("a")
    LIMIT.count_try("a")
    LimitCounter.objects.update(expires_at=timezone.now())

    LIMIT.check("a")
    LIMIT.count_try("a")

    counter = LimitCounter.objects.get()
    assert counter.count == 1
    assert counter.expires_at > timezone.now() + datetime.timedelta(seconds=590)


def test_later_tries_do_not_prolong_the_period() -> None:
    LIMIT.count_try("a")
    ends = LimitCounter.objects.get().expires_at

    LIMIT.count_try("a")

    assert LimitCounter.objects.get().expires_at == ends


def test_clearing_the_cache_forgets_no_tries() -> None:
    LIMIT.count_try("a")
    LIMIT.count_try("a")

    cache.clear()

    assert LIMIT.is_reached("a")


def test_limit_refuses_to_count_inside_a_transaction() -> None:
    with transaction.atomic():
        for use in (LIMIT.count_try, LIMIT.reset):
            with pytest.raises(RuntimeError, match="durable"):
                use("a")

    assert not LimitCounter.objects.exists()


def test_expired_counters_are_deleted_and_running_ones_stay() -> None:
    LIMIT.count_try("ended")
    LimitCounter.objects.update(expires_at=timezone.now())
    LIMIT.count_try("running")

    delete_expired_limits_task()

    assert LimitCounter.objects.count() == 1
    LIMIT.count_try("running")
    assert LIMIT.is_reached("running")


@pytest.mark.parametrize(
    ("address", "network"),
    [
        ("203.0.113.9", "203.0.113.9"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::"),
        ("", "unknown"),
    ],
)
def test_household_counts_as_one_network(address: str, network: str) -> None:
    assert client_network({"REMOTE_ADDR": address}) == network


def test_forwarded_address_counts_only_behind_a_proxy() -> None:
    meta = {"REMOTE_ADDR": "10.0.0.1", "HTTP_X_FORWARDED_FOR": "1.1.1.1, 203.0.113.9"}

    with override_settings(SECURE_PROXY_SSL_HEADER=None):
        direct = client_network(meta)
    with override_settings(SECURE_PROXY_SSL_HEADER=("HTTP_X_FORWARDED_PROTO", "https")):
        proxied = client_network(meta)

    assert (direct, proxied) == ("10.0.0.1", "203.0.113.9")
