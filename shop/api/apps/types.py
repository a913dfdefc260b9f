"""Apps and their tokens. Third-party apps' extensions and webhooks are not supported yet."""

from __future__ import annotations

from shop.accounts.models import App, AppPermission, AppToken
from shop.accounts.staff.permissions import Permission
from shop.api.base.entities import ENTITIES
from shop.api.base.shop import build_permission_payload
from shop.api.context import Context
from shop.api.field_permissions import FieldAccess
from shop.api.metadata import add_metadata_fields
from shop.api.object_types import Row, Rows, Type

APP_PERMISSIONS = (Permission.MANAGE_APPS,)


def _visible_apps(context: Context) -> Rows:
    """Return visible apps. An app sees itself, and staff see all."""
    if context.may(*APP_PERMISSIONS, FieldAccess.STAFF):
        return App.objects.all()
    return App.objects.filter(pk=context.app.pk) if context.app else App.objects.none()


app_object = Type("App", rows=_visible_apps)
app_object.id()
app_object.columns(identifier="identifier", created="created_at", isActive="is_active", name="name")
app_object.unsupported("type", value="LOCAL")
app_object.unsupported("webhooks", "extensions", "problems", value=[])
app_object.unsupported("aboutApp", "dataPrivacyUrl", "homepageUrl", "supportUrl", "appUrl", "manifestUrl")
app_object.unsupported("version", "accessToken", "author", "brand")
add_metadata_fields(app_object, App, permissions=APP_PERMISSIONS)


@app_object.field(needs="id")
def permissions(apps: list[Row], *_: object) -> list[list[dict[str, str]]]:
    codes_by_key: dict[int, set[str]] = {}
    rows = AppPermission.objects.filter(app__in=[app_row.id for app_row in apps])
    for key, code in rows.values_list("app", "code"):
        codes_by_key.setdefault(key, set()).add(code)
    return [
        [
            build_permission_payload(code)
            for code in Permission.values
            if code in codes_by_key.get(app_row.id, ())
        ]
        for app_row in apps
    ]


app_token_object = Type("AppToken", rows=lambda context: AppToken.objects.all())
app_token_object.id()
app_token_object.columns(name="name")
app_object.related_rows(
    "tokens",
    app_token_object,
    column="app",
    order=["pk"],
    rows=AppToken.objects.all(),
    permissions=APP_PERMISSIONS,
)


@app_token_object.field(needs="last_characters")
def auth_token(tokens: list[Row], *_: object) -> list[str]:
    """Resolve the token's last characters. Only a hash of it is stored."""
    return [token_row.last_characters for token_row in tokens]


app_brand_object = Type("AppBrand")
app_brand_object.value_fields("logo")
brand_logo_object = Type("AppBrandLogo")
brand_logo_object.value_fields("default")
app_extension_object = Type("AppExtension")
app_extension_object.value_fields(
    "id", "permissions", "label", "url", "mountName", "targetName", "settings", "identifier"
)
app_extension_object.value_fields("app", "accessToken")
app_problem_object = Type("AppProblem")
app_problem_object.value_fields("id", "createdAt", "updatedAt", "count", "isCritical", "message", "key")
app_problem_object.value_fields("dismissed")
problem_dismissal_object = Type("AppProblemDismissed")
problem_dismissal_object.value_fields("by", "user", "userEmail")
webhook_object = Type("Webhook")
webhook_object.value_fields("id", "name", "identifier", "app", "eventDeliveries", "targetUrl", "isActive")
event_delivery_object = Type("EventDelivery")
event_delivery_object.value_fields("id", "createdAt", "status", "attempts")
delivery_attempt_object = Type("EventDeliveryAttempt")
delivery_attempt_object.value_fields("id", "createdAt", "taskId", "duration", "response", "responseHeaders")
delivery_attempt_object.value_fields("responseStatusCode", "requestHeaders", "status")

ENTITIES["App"] = app_object
TYPES = (
    app_object,
    app_token_object,
    app_brand_object,
    brand_logo_object,
    app_extension_object,
    app_problem_object,
    problem_dismissal_object,
    webhook_object,
    event_delivery_object,
    delivery_attempt_object,
)
