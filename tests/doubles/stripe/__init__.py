"""A double of Stripe's HTTP API; see `double.py` for the controls of a test."""

from tests.doubles.stripe.double import StripeDouble
from tests.doubles.stripe.faults import Fault

__all__ = ["Fault", "StripeDouble"]
