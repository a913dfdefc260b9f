"""An inline SVG map of Vietnam with one province marked, without tiles or third-party servers."""

from __future__ import annotations

from django import template
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from shop.core.geography.province_map import LABELS, MAP_HEIGHT, MAP_WIDTH, SHAPES

register = template.Library()

_LAND = SafeString("".join(shape.path for shape in SHAPES.values()))
_ISLANDS = SafeString("".join(shape.islands for shape in SHAPES.values()))

_LABELS = format_html_join("", '<text x="{}" y="{}">{}</text>', LABELS)


@register.simple_tag
def province_map(code: str, name: str) -> SafeString:
    """Return the map with the province of this code marked and labelled for screen readers.

    Returns "" for an unknown code. The map includes the archipelagos Hoàng Sa and Trường Sa, as every map of
    Vietnam does. The class `.map` styles it.
    """
    shape = SHAPES.get(code)
    if shape is None:
        return SafeString("")
    return format_html(
        '<svg class="map" viewBox="0 0 {} {}" role="img" aria-labelledby="map-{code} map-{code}-more">'
        '<title id="map-{code}">{}</title><desc id="map-{code}-more">{}</desc>'
        '<path class="land" d="{}"/><path class="islands" d="{}"/>'
        '<path class="here" d="{}"/><path class="here islands" d="{}"/>'
        "{}</svg>",
        MAP_WIDTH,
        MAP_HEIGHT,
        _("%(place)s on the map of Vietnam") % {"place": name},
        _("The 34 provinces and cities, and the Hoàng Sa and Trường Sa archipelagos."),
        _LAND,
        _ISLANDS,
        SafeString(shape.path),
        SafeString(shape.islands),
        _LABELS,
        code=code,
    )
