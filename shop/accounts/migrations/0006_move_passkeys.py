"""Move passkeys out of django-allauth's tables and drop these; the reverse creates its table of passkeys again.

If allauth was never installed, there is nothing to move.
"""

import base64
import hashlib
import io
import json

import cbor2
from django.conf import settings
from django.db import migrations, models
from django.db.migrations.recorder import MigrationRecorder

MOVED = "mfa_authenticator"
DROPPED = ("account_emailconfirmation", "account_emailaddress")  # allauth's addresses: always empty here
APPLIED = ("0001_initial", "0002_authenticator_timestamps", "0003_authenticator_type_uniq")
USER_VERIFIED_AND_ATTESTED = 0x45


def move_passkeys(apps, schema_editor):
    tables = schema_editor.connection.introspection.table_names()
    if MOVED in tables:
        authenticator, passkey = _authenticator(apps), apps.get_model("accounts", "Passkey")
        rows = authenticator.objects.filter(type="webauthn").order_by("pk")
        passkey.objects.bulk_create(_as_passkey(passkey, row) for row in rows)
        schema_editor.delete_model(authenticator)
    for table in DROPPED:
        if table in tables:
            schema_editor.execute(f"DROP TABLE {schema_editor.quote_name(table)}")
    _recorded(schema_editor).filter(app__in=("account", "mfa")).delete()


def move_back(apps, schema_editor):
    authenticator = _authenticator(apps)
    schema_editor.create_model(authenticator)
    for passkey in apps.get_model("accounts", "Passkey").objects.order_by("pk"):
        authenticator.objects.create(
            user_id=passkey.user_id,
            type="webauthn",
            data=_as_allauth_has_it(passkey),
            created_at=passkey.created_at,
            last_used_at=passkey.last_used_at,
        )
    recorder = MigrationRecorder(schema_editor.connection)
    for name in APPLIED:
        recorder.record_applied("mfa", name)


def _as_passkey(passkey, row):
    """Return our row for a registration response, which allauth stored completely."""
    response = row.data["credential"]["response"]
    attested = cbor2.loads(_bytes(response["attestationObject"]))["authData"]
    count, length = int.from_bytes(attested[33:37], "big"), int.from_bytes(attested[53:55], "big")
    credential_id, rest = attested[55 : 55 + length], attested[55 + length :]
    key = cbor2.CBORDecoder(io.BytesIO(rest)).decode()  # extensions may follow it
    return passkey(
        user_id=row.user_id,
        name=(row.data.get("name") or "")[:60],
        credential_id=_text(credential_id),
        public_key=cbor2.dumps(key),
        sign_count=count,
        created_at=row.created_at,
        last_used_at=row.last_used_at,
    )


def _as_allauth_has_it(passkey):
    """Return a registration without attestation; allauth reads only its credential."""
    credential_id = _bytes(passkey.credential_id)
    site = hashlib.sha256(b"").digest()  # not read again
    attested = b"".join(
        [
            *(site, bytes([USER_VERIFIED_AND_ATTESTED]), passkey.sign_count.to_bytes(4, "big"), bytes(16)),
            *(len(credential_id).to_bytes(2, "big"), credential_id, bytes(passkey.public_key)),
        ]
    )
    client = {"type": "webauthn.create", "challenge": "", "origin": ""}
    return {
        "name": passkey.name,
        "credential": {
            "id": passkey.credential_id,
            "rawId": passkey.credential_id,
            "type": "public-key",
            "clientExtensionResults": {"credProps": {"rk": True}},
            "response": {
                "clientDataJSON": _text(json.dumps(client).encode()),
                "attestationObject": _text(
                    cbor2.dumps({"fmt": "none", "attStmt": {}, "authData": attested})
                ),
            },
        },
    }


def _authenticator(apps):
    """Return allauth's model as of its release 65, in a separate registry."""

    class Authenticator(models.Model):
        user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="+")
        type = models.CharField(max_length=20)
        data = models.JSONField()
        created_at = models.DateTimeField()
        last_used_at = models.DateTimeField(null=True)

        class Meta:
            app_label = "mfa"
            db_table = MOVED
            constraints = [
                models.UniqueConstraint(
                    fields=["user", "type"],
                    name="unique_authenticator_type",
                    condition=models.Q(type__in=("totp", "recovery_codes")),
                )
            ]

        Meta.apps = apps.clone()

    return Authenticator


def _recorded(schema_editor):
    recorder = MigrationRecorder(schema_editor.connection)
    return recorder.migration_qs


def _bytes(text):
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def _text(raw):
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


class Migration(migrations.Migration):
    dependencies = [("accounts", "0005_second_factors")]
    operations = [migrations.RunPython(move_passkeys, move_back)]
