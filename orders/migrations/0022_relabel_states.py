"""Relabel states and stored values in the terms of payments, and widen the answer to a weight question."""

from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('orders', '0021_rename_refund_amounts_and_keys'),
    ]

    operations = [
        migrations.RemoveConstraint(
            model_name='gatewaycall',
            name='gateway_call_cancels_once',
        ),
        migrations.AlterField(
            model_name='banktransfer',
            name='state',
            field=models.CharField(choices=[('new', 'not yet matched'), ('assigned', 'assigned to orders'), ('review', 'needs review'), ('given_back', 'to be returned'), ('dismissed', 'not for an order')], default='new', max_length=12),
        ),
        migrations.AlterField(
            model_name='gatewaycall',
            name='operation',
            field=models.CharField(choices=[('start', 'start the payment'), ('capture', 'capture the authorised amount'), ('void', 'void the authorisation'), ('refund', 'refund the payment'), ('pay_out', 'pay out to a cooperative'), ('reverse_transfer', 'reverse a transfer')], max_length=20),
        ),
        migrations.AlterField(
            model_name='ledgerentry',
            name='account',
            field=models.CharField(choices=[('buyer', 'owed by buyers'), ('gateway', 'with the card gateway'), ('bank', 'on the bank account'), ('carrier_cash', 'cash with carriers'), ('cooperative_cash', 'cash at cooperatives'), ('unmatched', 'money not matched to an order'), ('commission', 'commission'), ('delivery_income', 'delivery income'), ('platform_cost', 'borne by the market'), ('tax_withheld', 'tax withheld'), ('cooperative_payable', 'owed to cooperatives'), ('payout_due', 'payouts due')], max_length=20),
        ),
        migrations.AlterField(
            model_name='statementrow',
            name='problem',
            field=models.CharField(blank=True, choices=[('bad_amount', 'the amount cannot be read'), ('bad_sum', 'collected cash less fee is not the remitted amount'), ('repeated', 'listed twice in this file'), ('no_code', 'no tracking number or code'), ('unknown', 'no parcel has this number'), ('several', 'several parcels have this number'), ('other_carrier', 'sent with another carrier'), ('no_cash', 'no cash to collect for this parcel'), ('voided', 'the parcel was voided'), ('not_delivered', 'not delivered yet according to our records'), ('not_sent', 'not dispatched yet according to our records'), ('nothing', 'nothing was collected'), ('short', 'less than the expected cash'), ('too_much', 'more than the expected cash'), ('remitted_differently', 'remitted before with another amount')], default='', max_length=20),
        ),
        migrations.AlterField(
            model_name='weightquestion',
            name='answer',
            field=models.CharField(blank=True, choices=[('agreed', 'agreed'), ('refused', 'not agreed'), ('no_longer_asked', 'no longer needed')], default='', max_length=16),
        ),
        migrations.AddConstraint(
            model_name='gatewaycall',
            constraint=models.UniqueConstraint(condition=models.Q(('operation', 'void'), models.Q(('state', 'failed'), _negated=True)), fields=('payment',), name='gateway_call_voids_once'),
        ),
    ]
