"""Register the labels of `catalog.unit_labels` as template tags and filters."""

from __future__ import annotations

from django import template

from catalog import unit_labels

register = template.Library()

register.filter(unit_labels.step)
register.filter(unit_labels.most_grams)
register.simple_tag(unit_labels.per_measure)
register.simple_tag(unit_labels.most_for)
