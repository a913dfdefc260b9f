"""Choose the frame of sign-in pages: that of the pages to which the user is going."""

from __future__ import annotations

from django.urls import reverse

_FRAMES = {"members": "members/base.html", "desk": "desk/base.html"}


def find_workplace(path: str) -> str:
    """Return whether the path leads to the "members" app or the "desk", else an empty string."""
    if path.startswith(reverse("members:today")):
        return "members"
    return "desk" if path.startswith(reverse("desk:home")) else ""


def find_frame(path: str) -> str:
    """Return the base template of the pages that the path belongs to."""
    return _FRAMES.get(find_workplace(path), "base.html")
