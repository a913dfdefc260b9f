"""The API operations that are measured, with the fields that Saleor's storefront and Dashboard ask for."""

from __future__ import annotations

_MONEY = "{ amount currency }"
_CARD = f"""
fragment Card on Product {{
  id name slug
  thumbnail(size: 256) {{ url alt }}
  category {{ id name slug }}
  pricing {{ onSale priceRange {{ start {{ gross {_MONEY} }} }} }}
}}
"""
LIST = f"""
query List($channel: String!, $count: Int!) {{
  products(channel: $channel, first: $count) {{
    edges {{ node {{ ...Card }} }} pageInfo {{ hasNextPage endCursor }}
  }}
}}
{_CARD}"""
PRODUCT = f"""
query Product($channel: String!, $slug: String!) {{
  product(channel: $channel, slug: $slug) {{
    id name slug description seoTitle seoDescription isAvailable
    category {{ id name slug ancestors(first: 5) {{ edges {{ node {{ name slug }} }} }} }}
    productType {{ id name }}
    collections {{ id name slug }}
    media {{ id alt type url(size: 1024) }}
    attributes {{ attribute {{ id name slug inputType }} values {{ id name slug }} }}
    pricing {{
      onSale
      priceRange {{ start {{ gross {_MONEY} }} stop {{ gross {_MONEY} }} }}
      priceRangeUndiscounted {{ start {{ gross {_MONEY} }} }}
    }}
    variants {{
      id name sku quantityAvailable quantityLimitPerCustomer
      pricing {{
        price {{ gross {_MONEY} net {_MONEY} tax {_MONEY} }} priceUndiscounted {{ gross {_MONEY} }}
      }}
      attributes {{ attribute {{ name slug }} values {{ name slug }} }}
    }}
  }}
}}
"""
CATEGORY = f"""
query Category($channel: String!, $slug: String!) {{
  categories(first: 20, level: 0) {{
    edges {{ node {{ id name slug children(first: 10) {{ edges {{ node {{ id name slug }} }} }} }} }}
  }}
  category(slug: $slug) {{
    id name slug seoTitle description
    products(channel: $channel, first: 20, sortBy: {{ field: PRICE, direction: ASC }}) {{
      totalCount edges {{ node {{ ...Card }} }} pageInfo {{ hasNextPage endCursor }}
    }}
  }}
}}
{_CARD}"""
SEARCH = f"""
query Search($channel: String!, $words: String!) {{
  products(channel: $channel, first: 20, search: $words) {{
    edges {{ node {{ ...Card }} }} pageInfo {{ hasNextPage endCursor }}
  }}
}}
{_CARD}"""
ORDERS = f"""
query Orders {{
  orders(first: 20, sortBy: {{ field: CREATED_AT, direction: DESC }}) {{
    edges {{ node {{
      id number created status paymentStatus chargeStatus authorizeStatus userEmail
      channel {{ slug currencyCode }}
      total {{ gross {_MONEY} net {_MONEY} tax {_MONEY} }}
      subtotal {{ gross {_MONEY} }} shippingPrice {{ gross {_MONEY} }} shippingMethodName
      shippingAddress {{ firstName lastName city country {{ code }} }}
      lines {{
        id productName variantName productSku quantity
        unitPrice {{ gross {_MONEY} }} totalPrice {{ gross {_MONEY} }}
      }}
    }} }}
    pageInfo {{ hasNextPage endCursor }}
  }}
}}
"""
_ERRORS = "errors { field code message }"
_BASKET = f"id email totalPrice {{ gross {_MONEY} }}"
CREATE = f"""mutation Create($input: CheckoutCreateInput!) {{ checkoutCreate(input: $input) {{
  checkout {{ {_BASKET} isShippingRequired lines {{ id quantity totalPrice {{ gross {_MONEY} }} }} }}
  {_ERRORS}
}} }}"""
EMAIL = f"""mutation Email($id: ID!, $email: String!) {{ checkoutEmailUpdate(id: $id, email: $email) {{
  checkout {{ {_BASKET} }} {_ERRORS}
}} }}"""
SHIP = f"""mutation Ship($id: ID!, $address: AddressInput!) {{
  checkoutShippingAddressUpdate(id: $id, shippingAddress: $address) {{
    checkout {{ {_BASKET} shippingMethods {{ id name price {_MONEY} }} }} {_ERRORS}
  }}
}}"""
BILL = f"""mutation Bill($id: ID!, $address: AddressInput!) {{
  checkoutBillingAddressUpdate(id: $id, billingAddress: $address) {{
    checkout {{ {_BASKET} billingAddress {{ city country {{ code }} }} }} {_ERRORS}
  }}
}}"""
DELIVER = f"""mutation Deliver($id: ID!, $method: ID!) {{
  checkoutDeliveryMethodUpdate(id: $id, deliveryMethodId: $method) {{
    checkout {{ {_BASKET} shippingPrice {{ gross {_MONEY} }} }} {_ERRORS}
  }}
}}"""
COMPLETE = f"""mutation Complete($id: ID!) {{ checkoutComplete(id: $id) {{
  order {{
    id number status paymentStatus total {{ gross {_MONEY} net {_MONEY} tax {_MONEY} }}
    lines {{ id quantity }}
  }}
  {_ERRORS}
}} }}"""
