"""One web process shared by all tests that only send requests, since starting one takes seconds."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest


@pytest.fixture(scope="session")
def web(
    tmp_path_factory: pytest.TempPathFactory, django_db_setup: None, django_db_blocker: Any
) -> Iterator[Any]:
    """Yield a single process, so that limits per process are counted in one place."""
    from tests.attacks.web import Web

    with django_db_blocker.unblock():
        web = Web(tmp_path_factory.mktemp("web"), workers=1, CONNECTIONS_PER_ADDRESS="20")
    yield web
    web.stop()
