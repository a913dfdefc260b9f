"""How often something may be tried, and where a request comes from."""

from __future__ import annotations

import pytest
from django.test import override_settings

from shop.core.limits import Limit, TooManyTries, network_of

LIMIT = Limit("test", tries=2, seconds=600)


def test_after_the_last_try_the_next_is_refused_with_the_wait() -> None:
    LIMIT.spend("a")
    LIMIT.check("a")
    LIMIT.spend("a")

    with pytest.raises(TooManyTries) as refused:
        LIMIT.check("a")

    assert refused.value.details == {"minutes": 10}


def test_each_thing_is_counted_apart() -> None:
    LIMIT.spend("a", "b")
    LIMIT.spend("a", "b")

    LIMIT.check("a")
    LIMIT.check("a", "c")


def test_what_is_forgotten_may_be_tried_again() -> None:
    LIMIT.spend("a")
    LIMIT.spend("a")

    LIMIT.forget("a")

    LIMIT.check("a")


@pytest.mark.parametrize(
    ("address", "network"),
    [
        ("203.0.113.9", "203.0.113.9"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::"),
        ("", "unknown"),
    ],
)
def test_a_household_is_one_network(address: str, network: str) -> None:
    assert network_of({"REMOTE_ADDR": address}) == network


def test_what_a_visitor_says_of_their_address_counts_for_nothing() -> None:
    meta = {"REMOTE_ADDR": "10.0.0.1", "HTTP_X_FORWARDED_FOR": "1.1.1.1, 203.0.113.9"}

    with override_settings(SECURE_PROXY_SSL_HEADER=None):
        direct = network_of(meta)
    with override_settings(SECURE_PROXY_SSL_HEADER=("HTTP_X_FORWARDED_PROTO", "https")):
        proxied = network_of(meta)

    assert (direct, proxied) == ("10.0.0.1", "203.0.113.9")
