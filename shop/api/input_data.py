"""The type of inputs whose members are read by helpers of several fields."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeAlias

InputData: TypeAlias = Mapping[str, Any]
"""The members of an input, or a field's arguments, by their names in the schema, which has checked them.
Their types depend on the input; functions for a single input take its TypedDict from `inputs.py` instead."""
