"""Money in whole minor units of a currency. Đồng have none below them, and dollars have cents."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal

# ISO 4217: currencies whose minor unit is not a hundredth.
_MINOR_DIGITS = {
    **dict.fromkeys("BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF".split(), 0),
    **dict.fromkeys("BHD IQD JOD KWD LYD OMR TND".split(), 3),
}


def minor_digits(currency: str) -> int:
    """Return the number of decimals of a currency, such as 0 for VND and 2 for USD."""
    return _MINOR_DIGITS.get(currency.upper(), 2)


def plain_amount(amount: int, currency: str) -> str:
    """Format minor units for machines, in whole units with a point: `45000`, `12.50`."""
    digits = minor_digits(currency)
    whole_units, fraction = divmod(amount, 10**digits)
    return f"{whole_units}.{fraction:0{digits}}" if digits else str(whole_units)


def round_half_up(amount: Decimal) -> int:
    """Round to the nearest minor unit, halves away from zero."""
    return int(amount.quantize(Decimal(1), rounding=ROUND_HALF_UP))


def percent_of(amount: int, percent: Decimal) -> int:
    """Return that percentage of an amount in minor units, rounded once."""
    return round_half_up(Decimal(amount) * percent / 100)


def net_of(gross: int, tax_rate: Decimal) -> int:
    """Return the net amount of a gross price. `tax_rate` is in percent."""
    return round_half_up(Decimal(gross) * 100 / (100 + tax_rate))


def gross_of(net: int, tax_rate: Decimal) -> int:
    """Return the gross amount of a net price. `tax_rate` is in percent."""
    return round_half_up(Decimal(net) * (100 + tax_rate) / 100)


def split_amount(amount: int, weights: Sequence[int]) -> list[int]:
    """Split `amount` in proportion to `weights`. The results add up to it exactly.

    The remainder goes one unit each to the largest fractions, earlier ones first. If all weights are zero,
    the amount is split evenly. Raises ValueError for a negative weight, or for no weights with an amount that
    is not zero.
    """
    if any(weight < 0 for weight in weights):
        raise ValueError("a weight is negative")
    if not weights:
        if amount:
            raise ValueError("no weights to split an amount by")
        return []
    if not any(weights):
        weights = [1] * len(weights)
    total_weight = sum(weights)
    sign = -1 if amount < 0 else 1
    shares, fractions = [], []
    for weight in weights:
        share, fraction = divmod(abs(amount) * weight, total_weight)
        shares.append(share)
        fractions.append(fraction)
    remaining_units = abs(amount) - sum(shares)
    for index in sorted(range(len(weights)), key=lambda i: (-fractions[i], i))[:remaining_units]:
        shares[index] += 1
    return [sign * share for share in shares]


@dataclass(frozen=True, slots=True)
class Money:
    """An amount in whole minor units with its currency. Raises ValueError when currencies differ."""

    amount: int
    currency: str

    def __add__(self, other: Money) -> Money:
        return Money(self.amount + self._require_same_currency(other).amount, self.currency)

    def __sub__(self, other: Money) -> Money:
        return Money(self.amount - self._require_same_currency(other).amount, self.currency)

    def __neg__(self) -> Money:
        return Money(-self.amount, self.currency)

    def __mul__(self, times: int) -> Money:
        return Money(self.amount * times, self.currency)

    def __lt__(self, other: Money) -> bool:
        return self.amount < self._require_same_currency(other).amount

    def split(self, weights: Sequence[int]) -> list[Money]:
        """Split in proportion to `weights`. The results add up to this amount."""
        return [Money(share, self.currency) for share in split_amount(self.amount, weights)]

    def _require_same_currency(self, other: Money) -> Money:
        if other.currency != self.currency:
            raise ValueError(f"{self.currency} and {other.currency} do not mix")
        return other


def sums_by_currency(amounts: Iterable[Money]) -> list[Money]:
    """Return the sum of each currency, by the currencies' codes."""
    sums: dict[str, Money] = {}
    for amount in amounts:
        sums[amount.currency] = sums.get(amount.currency, Money(0, amount.currency)) + amount
    return [sums[currency] for currency in sorted(sums)]


@dataclass(frozen=True, slots=True)
class TaxedMoney:
    """A net and gross price in minor units, and the tax rate (percent) between them."""

    net: int
    gross: int
    currency: str
    tax_rate: Decimal = Decimal(0)

    @property
    def tax(self) -> int:
        return self.gross - self.net
