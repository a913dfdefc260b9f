"""Name the amounts of a refund, the counts of a statement and the idempotency keys for what they hold."""

from django.db import migrations, models
from django.db.models import F, Q

KEYED_MODELS = (
    "CashRemittance",
    "Complaint",
    "LedgerPosting",
    "Order",
    "Parcel",
    "Payment",
    "PaymentEvent",
    "Refund",
    "Substitute",
)
CONSTRAINTS = {
    "refund_gives_something_back": Q(amount__gt=0, delivery_amount__gte=0, surplus__gte=0)
    & Q(amount__gte=F("delivery_amount") + F("surplus")),
    "refund_gives_back_what_was_decided": Q(repayment__gte=0, repayment__lte=F("amount")),
    "refund_covers_its_substitute": Q(substitute_total__gte=0, substitute_total__lte=F("amount")),
}


class Migration(migrations.Migration):
    dependencies = [("orders", "0020_sales_terms_journal")]
    operations = [
        *(migrations.RemoveConstraint("refund", name) for name in CONSTRAINTS),
        migrations.RenameField("refund", "money", "repayment"),
        migrations.RenameField("refund", "delivery", "delivery_amount"),
        migrations.RenameField("refund", "substitute", "substitute_total"),
        *(
            migrations.AddConstraint("refund", models.CheckConstraint(condition=condition, name=name))
            for name, condition in CONSTRAINTS.items()
        ),
        *(
            migrations.RenameField("statementimport", old, new)
            for old, new in (("rows", "row_count"), ("imported", "imported_count"), ("known", "known_count"))
        ),
        *(migrations.RenameField(model, "key", "idempotency_key") for model in KEYED_MODELS),
    ]
