from orders.models.basket import Basket, BasketLine, DeliveryChoice, Reservation
from orders.models.counted import counted_of
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
from orders.models.dispute import Dispute
from orders.models.gateway import OVERTAKEN, GatewayCall, GatewayEvent, Operation
from orders.models.invoice import InvoiceDetails
from orders.models.ledger import (
    OF_COOPERATIVES,
    Account,
    CooperativeBalance,
    EntryNature,
    Figures,
    LedgerEntry,
    LedgerPosting,
    PostingKind,
)
from orders.models.line import Allocation, OrderLine
from orders.models.order import Order, OrderCode, OrderNumber, Origin, Source
from orders.models.parcel import Parcel, ParcelLine, places
from orders.models.part import OrderPart, show_ways_in_language
from orders.models.payment import (
    EventKind,
    Method,
    Payment,
    PaymentEvent,
    PaymentSums,
    sums_before,
    total_sums,
)
from orders.models.rates import CommissionRate, WithholdingRate
from orders.models.refund import Complaint, ComplaintLine, Refund, RefundLine, Wish
from orders.models.remittance import CashRemittance, RemittanceLine, RowProblem, StatementRow
from orders.models.settlement import Payout, PayoutWay, Settlement
from orders.models.transfer import (
    AskedTransfer,
    BankTransfer,
    ReviewReason,
    StatementImport,
    StatementKind,
    TransferShare,
)
from orders.models.weight import WeightAnswer, WeightQuestion

__all__ = [
    "OF_COOPERATIVES",
    "OVERTAKEN",
    "Account",
    "Allocation",
    "AskedTransfer",
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
    "Dispute",
    "EntryNature",
    "EventKind",
    "Figures",
    "GatewayCall",
    "GatewayEvent",
    "InvoiceDetails",
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
    "Wish",
    "WithholdingRate",
    "counted_of",
    "places",
    "show_ways_in_language",
    "sums_before",
    "tidy_code",
    "total_sums",
]
