from __future__ import annotations

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('notifications', '0001_notifications'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.AlterField(
            model_name='notification',
            name='contact_method',
            field=models.CharField(choices=[('email', 'email'), ('sms', 'text message'), ('push', 'alert on a device')], max_length=10),
        ),
        migrations.CreateModel(
            name='PushSubscription',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('endpoint', models.CharField(max_length=1000, unique=True)),
                ('public_key', models.CharField(max_length=90)),
                ('auth_secret', models.CharField(max_length=30)),
                ('language', models.CharField(default='vi', max_length=16)),
                ('user_agent', models.CharField(blank=True, default='', max_length=250)),
                ('created_at', models.DateTimeField()),
                ('user', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='push_subscriptions', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'constraints': [models.CheckConstraint(condition=models.Q(models.Q(('endpoint', ''), _negated=True), models.Q(('public_key', ''), _negated=True), models.Q(('auth_secret', ''), _negated=True)), name='push_subscription_is_complete')],
            },
        ),
    ]
