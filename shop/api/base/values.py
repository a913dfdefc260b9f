"""Value types without rows, used by many types."""

from __future__ import annotations

from shop.api.object_types import Type

weight = Type("Weight")
weight.value_fields("unit", "value")

image = Type("Image")
image.value_fields("url", "alt")

file = Type("File")
file.value_fields("url", "contentType")

time_period = Type("TimePeriod")
time_period.value_fields("amount", "type")

TYPES = (weight, image, file, time_period)
