"""The pictures of a product's page in a real browser: selection, order, and opening."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.core.files.base import ContentFile
from django.test import Client
from PIL import Image
from playwright.sync_api import Browser, BrowserContext, Page, expect

from catalog.models import Product, ProductMedia, VariantMedia
from shop.core.images.renditions import render_picture, store_picture
from tests.factories import make_product, make_seller
from tests.markup import html_of

PHONE = {"width": 390, "height": 844}
DESK = {"width": 1280, "height": 900}
COLOURS = ("#b3261e", "#1b2850", "#17693c")


def make_pictured_product() -> Product:
    """Make a scarf with three pictures; the second and the third belong to a pattern each."""
    product = make_product(
        make_seller("HTX Thiên An"), name="Khăn thổ cẩm", variants=(("Cây thông", 0), ("Ngôi sao", 15_000))
    )
    media = [
        ProductMedia.objects.create(product=product, picture=_picture(colour), sort_order=place)
        for place, colour in enumerate(COLOURS)
    ]
    for variant, own in zip(product.variants.in_order(), media[1:], strict=True):
        VariantMedia.objects.create(variant=variant, media=own)
    return product


def _picture(colour: str) -> Any:
    file = io.BytesIO()
    Image.new("RGB", (800, 800), colour).save(file, "PNG")
    picture = store_picture(ContentFile(file.getvalue(), name="a.png"))
    render_picture(picture)
    picture.refresh_from_db()
    return picture


@pytest.mark.django_db
def test_each_picture_links_to_its_large_file_and_each_pattern_shows_its_own(client: Client) -> None:
    product = make_pictured_product()
    files = [row.picture.renditions for row in product.media.order_by("sort_order")]

    page = html_of(client.get(f"/san-pham/{product.slug}/"))

    assert [page.count(f'href="/media/{file["800"]["webp"]}"') for file in files] == [1, 1, 1]
    assert page.count('data-picture="1"') == page.count('data-picture="3"') == 1
    assert page.count(f'srcset="/media/{files[1]["96"]["webp"]} 96w, ') == 2  # in the row and in the choice


@pytest.mark.django_db
@pytest.mark.parametrize("asked", ["", "9" * 30, "x", "0"])
def test_chosen_pattern_comes_first(client: Client, asked: str) -> None:
    product = make_pictured_product()
    star = product.variants.get(name="Ngôi sao")
    files = [row.picture.renditions["800"]["webp"] for row in product.media.order_by("sort_order")]

    def places(key: object) -> list[int]:
        page = html_of(client.get(f"/san-pham/{product.slug}/?variant={key}"))
        return sorted(range(3), key=lambda place: page.index(files[place]))

    assert places(asked) == [1, 0, 2]  # the first pattern is preselected
    assert places(star.pk) == [2, 0, 1]


@pytest.fixture
def opened(browser: Browser, live_server: Any) -> Iterator[Callable[..., Page]]:
    """Yield a function that opens the product's page for a visitor; a console error fails the test."""
    contexts: list[BrowserContext] = []
    errors: list[str] = []
    product = make_pictured_product()

    def come(**kind: Any) -> Page:
        context = browser.new_context(
            base_url=live_server.url, locale="vi-VN", reduced_motion="reduce", **kind
        )
        contexts.append(context)
        page = context.new_page()
        page.on("pageerror", lambda error: errors.append(str(error)))
        page.on("console", lambda said: errors.append(said.text) if said.type == "error" else None)
        page.goto(f"/san-pham/{product.slug}/")
        return page

    yield come
    for context in contexts:
        context.close()
    assert errors == []


def place_in_row(page: Page) -> float:
    """Return the position of the picture in the row's window, from 0."""
    place: float = page.locator("[data-views]").evaluate("row => row.scrollLeft / row.clientWidth")
    return round(place, 1)


@pytest.mark.browser
@pytest.mark.once
@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("size", [PHONE, DESK], ids=["390", "1280"])
def test_row_follows_the_thumbs_the_chosen_pattern_and_the_finger(
    opened: Callable[..., Page], size: Any
) -> None:
    page = opened(viewport=size, has_touch=True)
    thumbs, pictures = page.locator(".gallery-thumbs a"), page.locator(".gallery-views img")
    expect(pictures).to_have_count(1)  # the others are not loaded before they come into view
    expect(page.locator(".gallery-views a:not([tabindex='-1'])")).to_have_count(1)  # the others are empty

    thumbs.nth(2).click()
    expect(thumbs.nth(2)).to_have_attribute("aria-current", "true")
    assert place_in_row(page) == 2
    expect(page.locator(".gallery-views > li").nth(2).locator("a")).to_have_attribute("tabindex", "0")
    expect(page.locator(".gallery-views > li").nth(2).locator("img")).to_have_count(1)
    page.get_by_role("radio", name="Ngôi sao").check()
    expect(thumbs.nth(2)).to_have_attribute("aria-current", "true")
    page.get_by_role("radio", name="Cây thông").check()
    expect(thumbs.nth(0)).to_have_attribute("aria-current", "true")
    page.locator("[data-views]").evaluate("row => row.scrollBy({ left: 0.6 * row.clientWidth })")

    expect(thumbs.nth(1)).to_have_attribute("aria-current", "true")  # the row snaps to the next one


@pytest.mark.browser
@pytest.mark.once
@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("size", [PHONE, DESK], ids=["390", "1280"])
def test_picture_opens_large_by_pointer_and_keyboard(opened: Callable[..., Page], size: Any) -> None:
    page = opened(viewport=size)
    links, dialog = page.locator("[data-enlarge]"), page.locator("dialog")
    zoom, place = page.locator("[data-zoom]"), page.locator("[data-place]")

    links.first.click()
    expect(dialog).to_be_visible()
    expect(dialog.locator("img")).to_have_attribute("src", str(links.first.evaluate("link => link.href")))
    # Two fingers may enlarge it: "manipulation" allows to pan and to pinch.
    assert zoom.evaluate("each => getComputedStyle(each).touchAction") == "manipulation"
    page.keyboard.press("ArrowRight")
    expect(place).to_have_text("2/3")
    page.get_by_role("button", name="Ảnh trước").click()
    expect(place).to_have_text("1/3")
    zoom.click(position={"x": 20, "y": 20})
    expect(zoom).to_have_attribute("aria-pressed", "true")
    assert zoom.evaluate("each => each.scrollWidth / each.clientWidth") > 2
    page.keyboard.press("-")
    expect(zoom).to_have_attribute("aria-pressed", "false")
    page.keyboard.press("+")
    expect(zoom).to_have_attribute("aria-pressed", "true")
    page.keyboard.press("Escape")
    expect(dialog).to_be_hidden()

    expect(links.first).to_be_focused()
    page.keyboard.press("Enter")
    expect(dialog).to_be_visible()
    page.get_by_role("button", name="Đóng").click()
    expect(dialog).to_be_hidden()
    assert page.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth")


@pytest.mark.browser
@pytest.mark.once
@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("size", [PHONE, DESK], ids=["390", "1280"])
def test_row_and_large_file_open_without_scripts(opened: Callable[..., Page], size: Any) -> None:
    page = opened(viewport=size, java_script_enabled=False)
    second = page.locator(".gallery-views > li").nth(1)
    large = page.locator("[data-enlarge]").nth(1)

    page.locator(".gallery-thumbs a").nth(1).click()
    expect(second).to_be_in_viewport(ratio=0.5)
    address = large.get_attribute("href")
    large.click()

    page.wait_for_url(f"**{address}")
