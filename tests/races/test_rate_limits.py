"""Races of rate limits and one-time codes."""

from __future__ import annotations

import threading
import uuid
from collections.abc import Sequence
from functools import partial

import pytest
from django.db.models import QuerySet

from shop.accounts.models import CodePurpose, OneTimeCode
from shop.accounts.sign_in.login_limits import CODES_PER_DEVICE, CODES_PER_NUMBER, count_code
from shop.accounts.sign_in.one_time_codes import send_code, use_code
from shop.core.models import LimitCounter
from shop.core.models.limit_counter import LimitCounterQuerySet, LimitTry
from shop.core.web.rate_limits import RateLimit, TooManyTries
from shop.notifications.models import ContactMethod
from tests.factories import NOW
from tests.races.parallel import run_in_threads
from tests.shop.accounts.sent_codes import last_code

pytestmark = pytest.mark.django_db(transaction=True)
GUESSES = RateLimit("race", max_tries=8, seconds=600)


def test_parallel_tries_pass_only_up_to_the_limit() -> None:
    results = run_in_threads([partial(GUESSES.count_try, "an account")] * 40)

    refused = [result for result in results if isinstance(result, TooManyTries)]
    assert (results.count(None), len(refused)) == (8, 32), results
    assert LimitCounter.objects.get().count == 8


def test_parallel_tries_are_all_counted() -> None:
    limit = RateLimit("race", max_tries=1_000, seconds=600)

    results = run_in_threads([partial(limit.count_try, "an account")] * 40)

    assert results == [None] * 40
    assert LimitCounter.objects.get().count == 40


def test_counting_in_two_statements_exceeds_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    """Show that the race exists by reading before writing."""
    GUESSES.count_try("an account")
    read_by_all = threading.Barrier(10, timeout=20)

    def read_then_write(counters: LimitCounterQuerySet, tries: Sequence[LimitTry]) -> bool:
        ((key, limit_value, _seconds),) = tries
        count = counters.get(key=key).count
        read_by_all.wait()
        counters.filter(key=key).update(count=count + 1)
        return count < limit_value

    monkeypatch.setattr(LimitCounterQuerySet, "count_tries", read_then_write)

    results = run_in_threads([partial(GUESSES.count_try, "an account")] * 10, thread_count=10)

    assert results.count(None) == 10


def test_parallel_code_requests_pass_only_up_to_the_limits() -> None:
    """Four of twelve pass per device, and count as four for the number and the network."""
    device = [partial(count_code, "203.0.113.7", "+84987654321", "")] * 12
    networks = [partial(count_code, f"198.51.100.{n}", "+84912345678", "") for n in range(20)]

    of_one, of_many = run_in_threads(device), run_in_threads(networks)

    per_device, per_number = CODES_PER_DEVICE.max_tries, CODES_PER_NUMBER.max_tries
    assert _passed_and_refused(of_one) == (per_device, 12 - per_device), of_one
    assert _passed_and_refused(of_many) == (per_number, 20 - per_number), of_many
    assert sorted(_counts("code-network:")) == [1] * per_number + [per_device]
    assert sorted(_counts("code-number:")) == [per_device, per_number]


def test_one_time_code_is_accepted_once_in_parallel() -> None:
    code, digits = _sent_code()
    entry = partial(use_code, code_id=code, purpose=CodePurpose.SIGN_IN, entered_code=digits, now=NOW)

    results = run_in_threads([entry] * 2)

    assert sorted(type(result).__name__ for result in results) == ["CodeExpired", "OneTimeCode"], results


def test_without_single_statement_code_is_accepted_twice(monkeypatch: pytest.MonkeyPatch) -> None:
    """Show that the race exists by checking the code before marking it as used."""
    code, digits = _sent_code()
    read_by_all = threading.Barrier(2, timeout=20)
    update = QuerySet.update

    def read_then_write(rows: QuerySet[OneTimeCode], **values: object) -> int:
        if "used_at" not in values:
            return update(rows, **values)
        is_unused = rows.exists()
        read_by_all.wait()
        update(OneTimeCode.objects.filter(pk=code), **values)
        return int(is_unused)

    monkeypatch.setattr(type(OneTimeCode.objects.all()), "update", read_then_write)
    entry = partial(use_code, code_id=code, purpose=CodePurpose.SIGN_IN, entered_code=digits, now=NOW)

    results = run_in_threads([entry] * 2)

    assert [type(result).__name__ for result in results] == ["OneTimeCode"] * 2, results


def _sent_code() -> tuple[uuid.UUID, str]:
    code = send_code(
        purpose=CodePurpose.SIGN_IN,
        contact_method=ContactMethod.SMS,
        recipient="+84987654321",
        language="vi",
        user_id=None,
        now=NOW,
    )
    return code, last_code("+84987654321")


def _passed_and_refused(results: Sequence[object]) -> tuple[int, int]:
    return results.count(None), sum(isinstance(result, TooManyTries) for result in results)


def _counts(name: str) -> list[int]:
    return list(LimitCounter.objects.filter(key__startswith=name).values_list("count", flat=True))
