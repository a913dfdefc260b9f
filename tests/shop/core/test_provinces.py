import re

import pytest
from django.template import Context, Template

from shop.core.geography.province_map import MAP_HEIGHT, MAP_WIDTH, SHAPES
from shop.core.models import Division


@pytest.mark.django_db
def test_every_province_is_on_the_map(all_divisions) -> None:
    assert set(SHAPES) == set(Division.objects.provinces().values_list("code", flat=True))


@pytest.mark.once
def test_provinces_have_their_geographic_position() -> None:
    centres = {code: shape.centre for code, shape in SHAPES.items()}
    starts = [tuple(map(int, re.match(r"M(\d+) (\d+)", shape.path).groups())) for shape in SHAPES.values()]

    assert centres["19"] == (105.85, 22.01)  # Thái Nguyên with Bắc Kạn
    assert max(centres, key=lambda code: centres[code][1]) == "04"  # Cao Bằng is the northernmost
    assert min(centres, key=lambda code: centres[code][1]) == "96"  # Cà Mau the southernmost
    assert all(0 <= x <= MAP_WIDTH and 0 <= y <= MAP_HEIGHT for x, y in starts)
    assert SHAPES["48"].islands.count("M") == 7  # Hoàng Sa is Đà Nẵng's
    assert SHAPES["56"].islands.count("M") == 14  # Trường Sa is Khánh Hòa's


@pytest.mark.once
def test_map_marks_one_province_and_escapes_its_name() -> None:
    page = Template("{% load maps %}{% province_map code name %}")

    drawn = page.render(Context({"code": "19", "name": "Thái <Nguyên>"}))

    assert drawn.count("<path") == 4
    assert f'class="here" d="{SHAPES["19"].path}"' in drawn
    assert "Thái &lt;Nguyên&gt;" in drawn
    assert "Hoàng Sa</text>" in drawn
    assert len(drawn) < 7_000
    assert page.render(Context({"code": "", "name": ""})) == ""
