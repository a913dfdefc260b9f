"""Register the labels of `catalog.unit_labels` as template tags and filters."""

from __future__ import annotations

from django import template

from catalog import unit_labels

register = template.Library()

register.filter(unit_labels.unit_label)
register.filter(unit_labels.pack_label)
register.filter(unit_labels.count_label)
register.filter(unit_labels.variant_count_label)
register.filter(unit_labels.max_grams)
register.filter(unit_labels.order_limit)
register.simple_tag(unit_labels.price_per_measure)
register.simple_tag(unit_labels.max_price)
