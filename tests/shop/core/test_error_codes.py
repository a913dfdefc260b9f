"""Error codes of refusals are unique, because clients distinguish refusals by them."""

from __future__ import annotations

import importlib
import pkgutil
from collections import defaultdict
from collections.abc import Iterator

import pytest

from shop.core.errors import Refused

pytestmark = pytest.mark.once
APPS = ("shop", "catalog", "orders", "cooperatives")


def test_each_code_belongs_to_one_class() -> None:
    _import_every_module()
    holders: dict[str, list[str]] = defaultdict(list)
    for error_class in {Refused, *_subclasses(Refused)}:
        if error_class.__module__.split(".")[0] in APPS:
            holders[error_class.code].append(f"{error_class.__module__}.{error_class.__qualname__}")

    assert len(holders) > 200
    assert {code: sorted(names) for code, names in holders.items() if len(names) > 1} == {}


def _import_every_module() -> None:
    for app in APPS:
        package = importlib.import_module(app)
        for module in pkgutil.walk_packages(package.__path__, f"{app}."):
            if ".migrations" not in module.name:
                importlib.import_module(module.name)


def _subclasses(error_class: type[Refused]) -> Iterator[type[Refused]]:
    for subclass in error_class.__subclasses__():
        yield subclass
        yield from _subclasses(subclass)
