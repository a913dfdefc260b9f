"""Picture sizes offered by the template tag."""

import re

import pytest
from django.template import Context, Template

from shop.core.models import Picture, PictureState

pytestmark = pytest.mark.once

MADE = {
    str(width): {"webp": f"a-{width}.webp", "jpeg": f"a-{width}.jpg", "height": width}
    for width in (96, 160, 320, 640, 1200)
}


def render(size):
    picture = Picture(state=PictureState.READY, renditions=MADE)
    return Template("{% picture shown size=size %}").render(Context({"shown": picture, "size": size}))


def test_small_screens_get_the_smallest_card_size() -> None:
    small = '<source type="image/webp" media="(max-width: 47.99rem)" srcset="/media/a-320.webp">'

    assert small in render("card")
    assert "media=" not in render("cover")


def test_thumb_has_the_small_sizes_and_a_card_has_the_others() -> None:
    assert re.findall(r"a-\d+\.webp", render("thumb")) == ["a-96.webp", "a-160.webp"]
    assert re.findall(r"a-\d+\.webp", render("cover")) == ["a-320.webp", "a-640.webp", "a-1200.webp"]


def test_largest_file_of_a_picture_is_linked() -> None:
    page = Template("{% picture_file shown %}")

    assert (
        page.render(Context({"shown": Picture(state=PictureState.READY, renditions=MADE)}))
        == "/media/a-1200.webp"
    )
    assert page.render(Context({"shown": Picture(renditions=MADE)})) == ""


def test_placeholder_is_shown_without_a_picture() -> None:
    assert "picture-waiting.svg" in Template("{% picture None %}").render(Context())
