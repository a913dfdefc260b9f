"""URLs of stored files."""

from __future__ import annotations

import pytest
from django.core.files.storage import FileSystemStorage

from shop.core.images.media_storage import MediaStorage


@pytest.mark.once
@pytest.mark.parametrize("base_url", ["/media/", "https://files.example/m/"])
@pytest.mark.parametrize(
    "name", ["products/a1.webp", "Quýt chín 100%.jpg", "/absolute.jpg", "a?b#c'd\"e.jpg", ""]
)
def test_url_is_the_one_that_django_makes(base_url, name) -> None:
    djangos = FileSystemStorage(base_url=base_url)

    assert MediaStorage(base_url=base_url).url(name) == djangos.url(name)
