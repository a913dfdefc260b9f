"""Checkout operations of Saleor's storefront: our own documents with the same fields."""

from __future__ import annotations

from typing import Any

from shop.api.ids import global_id
from tests.shop.api.client import data_of

_FIELDS = """
fragment Sum on Money { currency amount }
fragment Place on Address {
  id city phone postalCode companyName cityArea streetAddress1 streetAddress2 countryArea
  country { country code } firstName lastName
}
fragment Line on CheckoutLine {
  id quantity
  totalPrice { gross { currency amount } } unitPrice { gross { ...Sum } } undiscountedUnitPrice { ...Sum }
  variant {
    id name
    attributes(variantSelection: ALL) {
      values { name dateTime boolean translation(languageCode: VI) { name } }
    }
    translation(languageCode: VI) { name }
    product {
      name media { alt type url(size: 72) } translation(languageCode: VI) { id name language { code } }
    }
    media { alt type url(size: 72) }
  }
}
fragment Basket on Checkout {
  id email voucherCode discountName translatedDiscountName isShippingRequired
  discount { ...Sum } giftCards { displayCode id currentBalance { ...Sum } }
  channel { id slug } user { id }
  shippingAddress { ...Place } billingAddress { ...Place }
  delivery { id shippingMethod { id name } }
  problems {
    __typename
    ... on CheckoutLineProblemInsufficientStock { availableQuantity line { id } variant { id } }
    ... on CheckoutLineProblemVariantNotAvailable { line { id } }
    ... on CheckoutProblemDeliveryMethodInvalid { delivery { id } }
  }
  totalPrice { gross { ...Sum } tax { ...Sum } }
  shippingPrice { gross { ...Sum } } subtotalPrice { gross { ...Sum } }
  lines { ...Line }
}
"""
CHECKOUT_BY_ID = "query($id: ID!) { checkout(id: $id) { ...Basket } }" + _FIELDS
ADDRESS = {
    "firstName": "Nguyễn Thị Hoa",
    "lastName": "",
    "streetAddress1": "Số 5, ngõ 12",
    "city": "Phường Nghĩa Đô",
    "country": "VN",
    "phone": "0987654321",
}


def checkout_mutation(
    name: str, declarations: str = "", passed_arguments: str = "", *, selects_checkout: bool = True
) -> str:
    """Return a checkout mutation that declares these variables and passes these arguments."""
    checkout = "checkout { ...Basket }" if selects_checkout else ""
    payload = f"{{ {checkout} errors {{ field code message }} }}"
    text = f"mutation({declarations}) {{ {name}({passed_arguments}) {payload} }}"
    return text + (_FIELDS if selects_checkout else "")


CREATE = checkout_mutation("checkoutCreate", "$input: CheckoutCreateInput!", "input: $input")
ADD = checkout_mutation(
    "checkoutLinesAdd", "$id: ID!, $lines: [CheckoutLineInput!]!", "id: $id, lines: $lines"
)
UPDATE = checkout_mutation(
    "checkoutLinesUpdate", "$id: ID!, $lines: [CheckoutLineUpdateInput!]!", "id: $id, lines: $lines"
)
DELETE = checkout_mutation("checkoutLinesDelete", "$id: ID!, $lines: [ID!]!", "id: $id, linesIds: $lines")
DELETE_LINE = checkout_mutation("checkoutLineDelete", "$id: ID!, $line: ID", "id: $id, lineId: $line")
SET_EMAIL = checkout_mutation("checkoutEmailUpdate", "$id: ID!, $email: String!", "id: $id, email: $email")
_ADDRESS_DECLARATIONS = (
    "$id: ID!, $address: AddressInput!, $save: Boolean, $rules: CheckoutAddressValidationRules"
)
_ADDRESS_ARGUMENTS = "saveAddress: $save, validationRules: $rules"
SET_SHIPPING_ADDRESS = checkout_mutation(
    "checkoutShippingAddressUpdate",
    _ADDRESS_DECLARATIONS,
    f"id: $id, shippingAddress: $address, {_ADDRESS_ARGUMENTS}",
)
SET_BILLING_ADDRESS = checkout_mutation(
    "checkoutBillingAddressUpdate",
    _ADDRESS_DECLARATIONS,
    f"id: $id, billingAddress: $address, {_ADDRESS_ARGUMENTS}",
)
SET_DELIVERY_METHOD = checkout_mutation(
    "checkoutDeliveryMethodUpdate", "$id: ID!, $method: ID", "id: $id, deliveryMethodId: $method"
)
ADD_PROMO_CODE = checkout_mutation(
    "checkoutAddPromoCode", "$id: ID!, $code: String!", "checkoutId: $id, promoCode: $code"
)
REMOVE_PROMO_CODE = checkout_mutation(
    "checkoutRemovePromoCode", "$id: ID!, $code: String", "checkoutId: $id, promoCode: $code"
)
ATTACH_CUSTOMER = checkout_mutation("checkoutCustomerAttach", "$id: ID!", "id: $id")
DETACH_CUSTOMER = checkout_mutation("checkoutCustomerDetach", "$id: ID!", "id: $id")
DELIVERY_OPTIONS = """mutation($id: ID!) { deliveryOptionsCalculate(id: $id) {
  deliveries { id shippingMethod {
    id name active price { currency amount } minimumDeliveryDays maximumDeliveryDays metadata { key value }
  } }
  errors { field code message }
} }"""


def mutate_checkout(query: str, token: str | None = None, /, **variables: Any) -> Any:
    """Execute a mutation without errors, and return the checkout if it selects one, else the payload."""
    (payload,) = data_of(query, token, **variables).values()
    assert payload["errors"] == []
    return payload.get("checkout", payload)


def checkout_errors(
    query: str, token: str | None = None, /, **variables: Any
) -> list[tuple[str | None, str]]:
    """Execute a mutation that fails, and return the fields and codes of its errors."""
    (payload,) = data_of(query, token, **variables).values()
    assert payload.get("checkout") is None
    return [(error["field"], error["code"]) for error in payload["errors"]]


def line_input(variant: Any, quantity: int = 1, **fields: Any) -> dict[str, Any]:
    return {"variantId": global_id("ProductVariant", variant.pk), "quantity": quantity, **fields}


def start_checkout(*requested: tuple[Any, int], token: str | None = None, channel: str = "viet-nam") -> str:
    """Create a checkout with these lines, and return its id."""
    lines = [line_input(variant, quantity) for variant, quantity in requested]
    return mutate_checkout(CREATE, token, input={"channel": channel, "lines": lines})["id"]


def prepare_checkout(
    *requested: tuple[Any, int], token: str | None = None, channel: str = "viet-nam", **address_fields: Any
) -> str:
    """Create a checkout that lacks only payment, with the first delivery option, and return its id."""
    checkout = start_checkout(*requested, token=token, channel=channel)
    mutate_checkout(SET_EMAIL, token, id=checkout, email="hoa@example.com")
    mutate_checkout(SET_SHIPPING_ADDRESS, token, id=checkout, address=ADDRESS | address_fields)
    mutate_checkout(SET_BILLING_ADDRESS, token, id=checkout, address=ADDRESS | address_fields)
    first_delivery = mutate_checkout(DELIVERY_OPTIONS, token, id=checkout)["deliveries"][0]
    mutate_checkout(SET_DELIVERY_METHOD, token, id=checkout, method=first_delivery["id"])
    return checkout


COMPLETE_CHECKOUT = """mutation($id: ID!) { checkoutComplete(id: $id) {
  order { id channel { slug } } confirmationNeeded confirmationData errors { field code message }
} }"""
INITIALIZE_GATEWAYS = """mutation($id: ID!, $requested: [PaymentGatewayToInitialize!]) {
  paymentGatewayInitialize(id: $id, paymentGateways: $requested) {
    gatewayConfigs { id data errors { field message code } } errors { field message code }
  }
}"""
_PAYMENT = """{ transaction { id actions } transactionEvent { message type } data
  errors { field code message } }"""
INITIALIZE_TRANSACTION = f"""mutation(
  $id: ID!, $gateway: PaymentGatewayToInitialize!, $amount: PositiveDecimal,
  $action: TransactionFlowStrategyEnum, $key: String
) {{
  transactionInitialize(
    id: $id, paymentGateway: $gateway, amount: $amount, action: $action, idempotencyKey: $key
  ) {_PAYMENT}
}}"""
PROCESS_TRANSACTION = (
    f"mutation($id: ID!, $data: JSON) {{ transactionProcess(id: $id, data: $data) {_PAYMENT} }}"
)
ORDER = """query($id: ID!) { order(id: $id) {
  status isPaid paymentStatus authorizeStatus chargeStatus userEmail origin
  total { gross { currency amount } } shippingPrice { gross { amount } } totalBalance { amount }
  shippingAddress { streetAddress1 } billingAddress { streetAddress1 }
  deliveryMethod { __typename ... on ShippingMethod { name price { amount } } }
  lines { productName quantity }
} }"""
CHECKOUT_PAYMENTS = """query($id: ID!) { checkout(id: $id) {
  authorizeStatus chargeStatus totalBalance { amount } availablePaymentGateways { id name currencies }
} }"""


def complete_order(checkout: str, token: str | None = None) -> str:
    """Complete a checkout, and return the id of the order."""
    (payload,) = data_of(COMPLETE_CHECKOUT, token, id=checkout).values()
    assert payload["errors"] == []
    return payload["order"]["id"]


def completion_error(checkout: str, token: str | None = None) -> tuple[str | None, str]:
    """Complete a checkout that is refused, and return the field and code of the error."""
    (payload,) = data_of(COMPLETE_CHECKOUT, token, id=checkout).values()
    assert (payload["order"], payload["confirmationData"]) == (None, None)
    (error,) = payload["errors"]
    return error["field"], error["code"]


def start_payment(checkout: str, gateway: str, token: str | None = None, /, **variables: Any) -> Any:
    """Start a payment without errors, and return the payload."""
    data = variables.pop("data", None)
    requested = {"id": gateway} | ({"data": data} if data is not None else {})
    (payload,) = data_of(INITIALIZE_TRANSACTION, token, id=checkout, gateway=requested, **variables).values()
    assert payload["errors"] == []
    return payload


def payment_start_errors(checkout: str, gateway: str, /, **variables: Any) -> list[tuple[str | None, str]]:
    (payload,) = data_of(INITIALIZE_TRANSACTION, id=checkout, gateway={"id": gateway}, **variables).values()
    assert payload["transaction"] is None
    return [(error["field"], error["code"]) for error in payload["errors"]]
