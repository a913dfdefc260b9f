"""Value types without rows, used by many types."""

from __future__ import annotations

from shop.api.object_types import Type

weight_object = Type("Weight")
weight_object.value_fields("unit", "value")

image_object = Type("Image")
image_object.value_fields("url", "alt")

file_object = Type("File")
file_object.value_fields("url", "contentType")

time_period_object = Type("TimePeriod")
time_period_object.value_fields("amount", "type")

TYPES = (weight_object, image_object, file_object, time_period_object)
