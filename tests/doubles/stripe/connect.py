"""Connect: transfers to a cooperative's account, and their reversals."""

from tests.doubles.stripe.errors import StripeRefusal


def transfer(account, params):
    """Answer POST /v1/transfers: at most the source's charge or the balance."""
    if params["destination"] not in account.connected:
        raise StripeRefusal(
            f"No such destination: '{params['destination']}'", code="resource_missing", param="destination"
        )
    amount = params["amount"]
    source = params.get("source_transaction")
    if source:
        charge = account.get("charge", source)
        transferred_amount = sum(
            row["amount"] for row in account.list_objects("transfer", source_transaction=source)
        )
        if amount > charge["amount_captured"] - transferred_amount:
            raise StripeRefusal("Transfers using this charge exceed its amount.", param="amount")
    elif account.balance is not None:
        if amount > account.balance:
            raise StripeRefusal("Insufficient funds in Stripe account.", code="balance_insufficient")
        account.balance -= amount
    row = account.add(
        "transfer",
        amount=amount,
        amount_reversed=0,
        currency=params["currency"],
        description=params.get("description"),
        destination=params["destination"],
        metadata=params.get("metadata", {}),
        reversed=False,
        source_transaction=source,
        transfer_group=params.get("transfer_group"),
    )
    account.emit("transfer.created", row)
    return row


def reverse(account, key, params):
    """Answer POST …/reversals: in full or in part."""
    transfer_row = account.get("transfer", key)
    remaining = transfer_row["amount"] - transfer_row["amount_reversed"]
    amount = params.get("amount", remaining)
    if not 0 < amount <= remaining:
        raise StripeRefusal(
            f"Transfer reversal amount ({amount}) is greater than unreversed amount ({remaining})",
            param="amount",
        )
    transfer_row["amount_reversed"] += amount
    transfer_row["reversed"] = transfer_row["amount_reversed"] == transfer_row["amount"]
    if account.balance is not None and not transfer_row["source_transaction"]:
        account.balance += amount
    row = account.add(
        "transfer_reversal",
        amount=amount,
        currency=transfer_row["currency"],
        metadata=params.get("metadata", {}),
        transfer=key,
    )
    account.emit("transfer.reversed", transfer_row)
    return row
