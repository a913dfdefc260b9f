"""Choose the base template of the sign-in pages by the page that the user asked for."""

from __future__ import annotations

from django.urls import reverse

_BASE_TEMPLATES = {"members": "members/base.html", "desk": "desk/base.html"}


def find_interface(path: str) -> str:
    """Return whether the path leads to the "members" app or the "desk", else an empty string."""
    if path.startswith(reverse("members:today")):
        return "members"
    return "desk" if path.startswith(reverse("desk:home")) else ""


def find_base_template(path: str) -> str:
    """Return the base template of the pages that the path belongs to."""
    return _BASE_TEMPLATES.get(find_interface(path), "base.html")
