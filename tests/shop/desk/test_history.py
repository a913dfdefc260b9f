"""Every change has a text: no interface shows the bare name of an action."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from catalog.states import ListingState
from cooperatives.states import CooperativeState
from orders.models import WeightAnswer
from orders.states import PartState, SubstituteState
from shop.core.models import Change
from shop.desk.overview.history import CHANGE_TEXTS, change_views

CODE = Path(__file__).resolve().parents[3]
RECORDED_IN = ("catalog/actions", "cooperatives/actions", "orders/actions", "shop/accounts")
# The desk shows histories of orders, cooperatives and products, with their related rows.
TOLD_OF = frozenset(
    {
        *("order", "part", "parcel", "line", "payment", "refund", "transfer", "payout", "settlement"),
        "substitute",
        *("cooperative", "membership", "warehouse", "delivery_method", "commission"),
        *("product", "variant", "listing", "price", "stock"),
    }
)
NAMED = re.compile(r"[a-z]+\.[a-z_]*[a-z]")


def recorded_actions() -> Iterator[str]:
    """Yield names of changes that actions record as literals."""
    for folder in RECORDED_IN:
        for path in sorted((CODE / folder).rglob("*.py")):
            for node in ast.walk(ast.parse(path.read_text())):
                for found in ast.walk(node) if _names_a_change(node) else ():
                    literal = found.value if isinstance(found, ast.Constant) else None
                    if isinstance(literal, str) and NAMED.fullmatch(literal):
                        yield literal


def _names_a_change(node: ast.AST) -> bool:
    """Return whether the node records or looks up a change, or assigns a name for such a call."""
    if isinstance(node, ast.Call):
        called = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
        return bool(re.search("record|change_values|is_already_done|find_already_made", called))
    return isinstance(node, ast.Assign) and any(
        getattr(target, "id", "") == "action" for target in node.targets
    )


def actions_named_by_state() -> Iterator[str]:
    """Yield names of changes that end in the state reached."""
    yield from (f"cooperative.{state}" for state in CooperativeState if state != CooperativeState.APPLIED)
    yield from (f"listing.{state}" for state in ListingState)
    yield from (f"part.{state}" for state in PartState if state != PartState.NEW)
    yield from (f"substitute.{state}" for state in SubstituteState if state != SubstituteState.WAITING)
    yield from (f"line.weight_{answer}" for answer in WeightAnswer if answer != WeightAnswer.MOOT)


def test_every_change_has_a_text() -> None:
    recorded = {
        action
        for action in (*recorded_actions(), *actions_named_by_state())
        if action.split(".")[0] in TOLD_OF
    }
    assert {"order.placed", "price.reduced", "part.accepted", "listing.published"} <= recorded
    assert sorted(recorded - set(CHANGE_TEXTS)) == []


@pytest.mark.parametrize(
    ("name", "expected"),
    [("sepay", "SePay"), ("demo", "dữ liệu mẫu"), ("check_unanswered_parts", "hệ thống"), ("", "hệ thống")],
)
def test_system_actors_have_readable_names(name: str, expected: str) -> None:
    change = Change(
        action="order.placed", actor_kind="system", actor_name=name, entry_point="system", data={}
    )
    assert [view.actor_name for view in change_views([change])] == [expected]


def test_change_of_an_older_release_is_still_shown() -> None:
    change = Change(action="order.sung_about", actor_kind="system", entry_point="system", data={})
    assert [view.text for view in change_views([change])] == ["order.sung_about"]
