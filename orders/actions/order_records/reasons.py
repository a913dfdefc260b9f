"""Reasons of refunds and returns."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Reason:
    """A reason in words, and the page that states it if staff chose one."""

    text: str
    page_id: int | None = None
