from orders.models.alert import Alert, AlertKind, AlertReading, AlertRules, AlertStep, StockWarning
from orders.models.approval import Approval, ApprovalKind
from orders.models.basket import Basket, BasketAccess, BasketLine, DeliveryChoice, Reservation
from orders.models.complaint import Complaint, ComplaintLine, RequestedRemedy
from orders.models.counter import (
    CashDifferenceReason,
    CashDirection,
    CashMovement,
    Shift,
    Till,
)
from orders.models.counter_sale import CounterReturn, CounterReturnKind, CounterSale
from orders.models.customer import CooperativeCustomer, PriceTier
from orders.models.debt import DebtAgeing, DebtEntry, DebtEntryKind, DebtPaymentMethod
from orders.models.delivery_run import DeliveryRun, RunParcel
from orders.models.discount import (
    CostBearer,
    Discount,
    DiscountKind,
    DiscountShare,
    ValueType,
    price_at_weight,
    shares_at_maximum,
)
from orders.models.dispute import Dispute
from orders.models.gateway import SUPERSEDED, GatewayCall, GatewayOperation, WebhookEvent
from orders.models.gift_card import GIFT_CARD_CODE_LENGTHS, GiftCard, GiftCardTag
from orders.models.handover import HandoverCode, HandoverMethod, HandoverRecord, HandoverStep
from orders.models.invoice import InvoiceDetails
from orders.models.ledger import (
    COOPERATIVE_ACCOUNTS,
    CooperativeBalance,
    EntryNature,
    LedgerAccount,
    LedgerEntry,
    LedgerPosting,
    PeriodTotals,
    PostingKind,
)
from orders.models.line import Allocation, OrderLine
from orders.models.order import (
    RECEIVED_SOURCES,
    Order,
    OrderCode,
    OrderCodeKey,
    OrderNumber,
    OrderSource,
    SaleorOrigin,
)
from orders.models.parcel import Parcel, ParcelLine, parcel_position_labels
from orders.models.part import OrderPart, translate_delivery_method_names
from orders.models.payment import (
    EventKind,
    Payment,
    PaymentEvent,
    PaymentMethod,
    PaymentSums,
    payment_sums_by_id,
    read_basket_payment_sums,
    total_authorised_and_charged,
)
from orders.models.pick_tick import PickTick
from orders.models.rates import CommissionRate, WithholdingRate, read_commission_percents
from orders.models.recall_notice import RecallNotice
from orders.models.refund import Refund, RefundLine
from orders.models.remittance import CashRemittance, RemittanceLine, StatementRow, StatementRowProblem
from orders.models.report_columns import report_columns
from orders.models.settlement import Payout, PayoutMethod, Settlement
from orders.models.substitute import Substitute, SubstituteHold
from orders.models.supplier import Supplier, SupplierEntry, SupplierEntryKind
from orders.models.transfer import (
    BankTransfer,
    ReviewReason,
    StatementImport,
    StatementKind,
    TransferInstructions,
    TransferShare,
)
from orders.models.voucher import (
    Voucher,
    VoucherCode,
    VoucherType,
    VoucherUse,
    VoucherValue,
    normalise_voucher_code,
)
from orders.models.weight import WeightAnswer, WeightQuestion

__all__ = [
    "COOPERATIVE_ACCOUNTS",
    "GIFT_CARD_CODE_LENGTHS",
    "RECEIVED_SOURCES",
    "SUPERSEDED",
    "Alert",
    "AlertKind",
    "AlertReading",
    "AlertRules",
    "AlertStep",
    "Allocation",
    "Approval",
    "ApprovalKind",
    "BankTransfer",
    "Basket",
    "BasketAccess",
    "BasketLine",
    "CashDifferenceReason",
    "CashDirection",
    "CashMovement",
    "CashRemittance",
    "CommissionRate",
    "Complaint",
    "ComplaintLine",
    "CooperativeBalance",
    "CooperativeCustomer",
    "CostBearer",
    "CounterReturn",
    "CounterReturnKind",
    "CounterSale",
    "DebtAgeing",
    "DebtEntry",
    "DebtEntryKind",
    "DebtPaymentMethod",
    "DeliveryChoice",
    "DeliveryRun",
    "Discount",
    "DiscountKind",
    "DiscountShare",
    "Dispute",
    "EntryNature",
    "EventKind",
    "GatewayCall",
    "GatewayOperation",
    "GiftCard",
    "GiftCardTag",
    "HandoverCode",
    "HandoverMethod",
    "HandoverRecord",
    "HandoverStep",
    "InvoiceDetails",
    "LedgerAccount",
    "LedgerEntry",
    "LedgerPosting",
    "Order",
    "OrderCode",
    "OrderCodeKey",
    "OrderLine",
    "OrderNumber",
    "OrderPart",
    "OrderSource",
    "Parcel",
    "ParcelLine",
    "Payment",
    "PaymentEvent",
    "PaymentMethod",
    "PaymentSums",
    "Payout",
    "PayoutMethod",
    "PeriodTotals",
    "PickTick",
    "PostingKind",
    "PriceTier",
    "RecallNotice",
    "Refund",
    "RefundLine",
    "RemittanceLine",
    "RequestedRemedy",
    "Reservation",
    "ReviewReason",
    "RunParcel",
    "SaleorOrigin",
    "Settlement",
    "Shift",
    "StatementImport",
    "StatementKind",
    "StatementRow",
    "StatementRowProblem",
    "StockWarning",
    "Substitute",
    "SubstituteHold",
    "Supplier",
    "SupplierEntry",
    "SupplierEntryKind",
    "Till",
    "TransferInstructions",
    "TransferShare",
    "ValueType",
    "Voucher",
    "VoucherCode",
    "VoucherType",
    "VoucherUse",
    "VoucherValue",
    "WebhookEvent",
    "WeightAnswer",
    "WeightQuestion",
    "WithholdingRate",
    "normalise_voucher_code",
    "parcel_position_labels",
    "payment_sums_by_id",
    "price_at_weight",
    "read_basket_payment_sums",
    "read_commission_percents",
    "report_columns",
    "shares_at_maximum",
    "total_authorised_and_charged",
    "translate_delivery_method_names",
]
