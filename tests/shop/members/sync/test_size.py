"""The weight of the screens for work without a network."""

from __future__ import annotations

from pathlib import Path

import brotli
import pytest
from django.contrib.staticfiles.finders import find

from shop.members import app_shell

pytestmark = pytest.mark.once

MAX_BROTLI_BYTES = 40 * 1024  # as browsers receive them, once for each build


def test_scripts_of_the_phone_are_light() -> None:
    weights = [len(brotli.compress(Path(find(name)).read_bytes())) for name in app_shell._PHONE_SCRIPTS]

    assert sum(weights) <= MAX_BROTLI_BYTES, weights
