"""Pages of the basket, the checkout, orders and the buyer's account."""
