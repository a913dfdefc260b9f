"""Stripe's HTTP API as a double of our own; see `double.py` for what a test may tell it."""

from tests.doubles.stripe.double import StripeDouble
from tests.doubles.stripe.faults import Fault

__all__ = ["Fault", "StripeDouble"]
