"""Value types without rows, used by many types."""

from __future__ import annotations

from shop.api.object_types import Type

weight = Type("Weight")
weight.plain("unit", "value")

image = Type("Image")
image.plain("url", "alt")

file = Type("File")
file.plain("url", "contentType")

time_period = Type("TimePeriod")
time_period.plain("amount", "type")

TYPES = (weight, image, file, time_period)
