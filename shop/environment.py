"""Variables of the environment as the settings read them."""

from __future__ import annotations

import os

from django.core.exceptions import ImproperlyConfigured


def env(name: str, default: str = "") -> str:
    """The variable's value without surrounding blanks; an empty one counts as unset."""
    return os.environ.get(name, "").strip() or default


def words(name: str) -> list[str]:
    """A comma-separated variable as a list."""
    return [word.strip() for word in env(name).split(",") if word.strip()]


def whole(name: str, default: int) -> int:
    """A variable that must be a whole number."""
    value = env(name, str(default))
    if not value.isdigit():
        raise ImproperlyConfigured(f"{name} must be a whole number, not {value!r}.")
    return int(value)
