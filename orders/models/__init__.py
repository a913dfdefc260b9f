from orders.models.basket import Basket, BasketLine, DeliveryChoice, Reservation
from orders.models.discount import (
    Bearer,
    Discount,
    DiscountKind,
    DiscountShare,
    ValueType,
    Voucher,
    VoucherCode,
    VoucherType,
    VoucherUse,
    VoucherValue,
    tidy_code,
)
from orders.models.gateway import GatewayCall, GatewayEvent, Operation
from orders.models.ledger import (
    OF_COOPERATIVES,
    Account,
    CooperativeBalance,
    EntryNature,
    LedgerEntry,
    LedgerPosting,
    PostingKind,
)
from orders.models.order import Allocation, Order, OrderCode, OrderLine, OrderNumber, Origin, Source
from orders.models.parcel import Parcel, ParcelLine
from orders.models.part import OrderPart
from orders.models.payment import EventKind, Method, Payment, PaymentEvent, PaymentSums, total_sums
from orders.models.rates import CommissionRate, WithholdingRate
from orders.models.refund import Complaint, ComplaintLine, Refund, RefundLine
from orders.models.remittance import CashRemittance, RemittanceLine, RowProblem, StatementRow
from orders.models.settlement import Payout, PayoutWay, Settlement
from orders.models.transfer import BankTransfer, ReviewReason, StatementImport, StatementKind, TransferShare
from orders.models.weight import WeightAnswer, WeightQuestion

__all__ = [
    "OF_COOPERATIVES",
    "Account",
    "Allocation",
    "BankTransfer",
    "Basket",
    "BasketLine",
    "Bearer",
    "CashRemittance",
    "CommissionRate",
    "Complaint",
    "ComplaintLine",
    "CooperativeBalance",
    "DeliveryChoice",
    "Discount",
    "DiscountKind",
    "DiscountShare",
    "EntryNature",
    "EventKind",
    "GatewayCall",
    "GatewayEvent",
    "LedgerEntry",
    "LedgerPosting",
    "Method",
    "Operation",
    "Order",
    "OrderCode",
    "OrderLine",
    "OrderNumber",
    "OrderPart",
    "Origin",
    "Parcel",
    "ParcelLine",
    "Payment",
    "PaymentEvent",
    "PaymentSums",
    "Payout",
    "PayoutWay",
    "PostingKind",
    "Refund",
    "RefundLine",
    "RemittanceLine",
    "Reservation",
    "ReviewReason",
    "RowProblem",
    "Settlement",
    "Source",
    "StatementImport",
    "StatementKind",
    "StatementRow",
    "TransferShare",
    "ValueType",
    "Voucher",
    "VoucherCode",
    "VoucherType",
    "VoucherUse",
    "VoucherValue",
    "WeightAnswer",
    "WeightQuestion",
    "WithholdingRate",
    "tidy_code",
    "total_sums",
]
