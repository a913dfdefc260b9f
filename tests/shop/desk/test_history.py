"""Every recorded change has a text in both languages: no interface shows the name of an action."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.apps import apps
from django.db.models import Model
from django.utils import translation

from catalog.models import (
    Attribute,
    AttributeValue,
    Category,
    Collection,
    Product,
    ProductType,
    Promotion,
    Variant,
)
from catalog.states import ListingState, RevisionState
from cooperatives.models import ShippingService
from cooperatives.states import CooperativeState
from orders.actions.fulfilment.undo_steps import ParcelStep
from orders.models import Voucher, WeightAnswer
from orders.states import ApprovalState, PartState, SubstituteState
from shop.accounts.states import RequestState
from shop.content.models import Menu, MenuItem, Page, PageType
from shop.core.models import Change, Channel
from shop.core.models.bases import WithMetadata
from shop.history.change_displays import build_change_displays
from tests.refusals import OUR_APPS

CODE = Path(__file__).resolve().parents[3]
NAMED = re.compile(r"[a-z_]+\.[a-z_]*[a-z]")
FILE_ENDINGS = ("csv", "html", "js", "json", "png", "toml", "txt", "webmanifest")
# Names that the code puts together, by their text in the code, with what they become. A new one belongs here.
PUT_TOGETHER = {
    "approval.{action}": [
        f"approval.{state}" for state in ("proposed", *ApprovalState) if state != ApprovalState.OPEN
    ],
    "cooperative.{new_state}": [f"cooperative.{state}" for state in CooperativeState],
    "data_request.{state}": [f"data_request.{state}" for state in RequestState if state != RequestState.OPEN],
    "line.weight_{answer}": [
        f"line.weight_{answer}" for answer in WeightAnswer if answer != WeightAnswer.NO_LONGER_ASKED
    ],
    "listing.{ListingState.PAUSED}": ["listing.paused"],
    "listing.{ListingState.PUBLISHED}": ["listing.published"],
    "listing.{new_state}": [f"listing.{state}" for state in ListingState],
    "parcel.{step}_undone": [f"parcel.{step}_undone" for step in ParcelStep],
    "part.{part.state}": [],
    "part.{state}": [f"part.{state}" for state in PartState if state != PartState.NEW],
    "revision.{state}": [f"revision.{state}" for state in RevisionState],
    "substitute.{state}": [
        f"substitute.{state}" for state in SubstituteState if state != SubstituteState.WAITING
    ],
    "user.{action}": [
        *("user.authenticator_app_added", "user.recovery_code_used", "user.recovery_codes_renewed"),
        *("user.second_factor_off", "user.second_factor_on", "user.second_factor_reset"),
    ],
    "withholding.{('enabled' if is_on else 'disabled')}": ["withholding.enabled", "withholding.disabled"],
}
RECORDS: list[type[Model]] = [Attribute, Category, Collection, ProductType]
MODELS_OF_CHANGES: dict[str, list[type[Model]]] = {
    "created": RECORDS,
    "changed": RECORDS,
    "deleted": RECORDS,
    "rearranged": [Attribute, Channel, Collection, Menu, PageType, Product, ProductType],
    "translated": [
        *(Attribute, AttributeValue, Category, Collection, MenuItem, Page, Product, Promotion),
        *(ShippingService, Variant, Voucher),
    ],
    "{action}": [],  # Django's admin: created, changed and deleted, as above
}
NOT_CHANGES = frozenset({"payment_intent.payment_failed", "transfer.reversed", "waitress.queue"})


def models_of(ending: str) -> list[type[Model]]:
    """Return the models whose rows such a change can be about."""
    if ending.endswith("_changed"):
        models = [model for app in OUR_APPS for model in apps.get_app_config(app).get_models()]
        return [model for model in models if issubclass(model, WithMetadata)]
    return MODELS_OF_CHANGES[ending]


def recorded_names() -> Iterator[str]:
    """Yield names of changes in files that record some; `{}` stands for what the code fills in."""
    for app in ("catalog", "cooperatives", "orders", "shop"):
        for path in sorted((CODE / app).rglob("*.py")):
            if "record_" in (text := path.read_text()) and "migrations" not in path.parts:
                yield from _dotted_strings(ast.parse(text))


def _dotted_strings(tree: ast.Module) -> Iterator[str]:
    apps_and_files = (
        "accounts",
        "catalog",
        "content",
        "cooperatives",
        "core",
        "notifications",
        "orders",
        "shop",
        "sync",
    )
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and NAMED.fullmatch(node.value):
            first, _dot, last = node.value.partition(".")
            if first not in apps_and_files and last not in FILE_ENDINGS and node.value not in NOT_CHANGES:
                yield node.value
        elif isinstance(node, ast.JoinedStr):
            text = ast.unparse(node)[2:-1]
            if "getpid" not in text and re.fullmatch(
                r"[a-z_]+\.[a-z_]*\{.*\}[a-z_]*|\{.*model_name\}\.\S+", text
            ):
                yield text


def recorded_actions() -> set[str]:
    """Return the name of every change that the code can record."""
    names: set[str] = set()
    for name in recorded_names():
        if "model_name}." in name:
            ending = name.rpartition("}.")[2] if not name.endswith("_changed") else "metadata_changed"
            ending = re.sub("^{column}", "metadata", name.rpartition("model_name}.")[2])
            names.update(f"{model._meta.model_name}.{ending}" for model in models_of(ending))
        elif "{" in name:
            names.update(PUT_TOGETHER[name])
        else:
            names.add(name)
    return names


def shown_texts(actions: list[str], language: str) -> list[str]:
    changes = [
        Change(action=action, actor_kind="system", entry_point="system", data={}) for action in actions
    ]
    with translation.override(language):
        return [str(view.text) for view in build_change_displays(changes)]


def test_every_change_has_words_in_both_languages() -> None:
    actions = sorted(recorded_actions())
    english, vietnamese = shown_texts(actions, "en"), shown_texts(actions, "vi")

    assert {"order.placed", "price.promotion_changed", "part.accepted", "listing.published"} <= set(actions)
    assert len(actions) > 300
    unnamed = ("Other change", "Record")
    assert [pair for pair in zip(actions, english, strict=True) if pair[1].startswith(unnamed)] == []
    assert set(english) & set(vietnamese) == set()


@pytest.mark.parametrize(
    ("name", "expected"),
    [("sepay", "SePay"), ("demo", "Dữ liệu mẫu"), ("check_unanswered_parts", "Hệ thống"), ("", "Hệ thống")],
)
def test_system_actors_have_readable_names(name: str, expected: str) -> None:
    change = Change(
        action="order.placed", actor_kind="system", actor_name=name, entry_point="system", data={}
    )
    assert [view.actor_name for view in build_change_displays([change])] == [expected]


def test_change_of_an_unknown_release_is_shown_without_its_code() -> None:
    assert shown_texts(["order.sung_about"], "vi") == ["Thay đổi khác"]
    assert shown_texts(["order.sung_about"], "en") == ["Other change"]
