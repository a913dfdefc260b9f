"""Apps and their tokens. Third-party apps' extensions and webhooks are not supported yet."""

from __future__ import annotations

from shop.accounts.models import App, AppPermission, AppToken
from shop.accounts.staff.permissions import Permission
from shop.api.base.entities import ENTITIES
from shop.api.base.shop import permission_payload
from shop.api.context import Context
from shop.api.field_permissions import Access
from shop.api.metadata import add_metadata_fields
from shop.api.object_types import Row, Rows, Type

APP_PERMISSIONS = (Permission.MANAGE_APPS,)


def _visible_apps(context: Context) -> Rows:
    """Return visible apps: an app sees itself, staff see all."""
    if context.may(*APP_PERMISSIONS, Access.STAFF):
        return App.objects.all()
    return App.objects.filter(pk=context.app.pk) if context.app else App.objects.none()


app = Type("App", rows=_visible_apps)
app.id()
app.columns(identifier="identifier", created="created_at", isActive="is_active", name="name")
app.unsupported("type", value="LOCAL")
app.unsupported("webhooks", "extensions", "problems", value=[])
app.unsupported("aboutApp", "dataPrivacyUrl", "homepageUrl", "supportUrl", "appUrl", "manifestUrl")
app.unsupported("version", "accessToken", "author", "brand")
add_metadata_fields(app, App, permissions=APP_PERMISSIONS)


@app.field(needs="id")
def permissions(apps: list[Row], *_: object) -> list[list[dict[str, str]]]:
    codes_by_key: dict[int, set[str]] = {}
    rows = AppPermission.objects.filter(app__in=[app_row.id for app_row in apps])
    for key, code in rows.values_list("app", "code"):
        codes_by_key.setdefault(key, set()).add(code)
    return [
        [permission_payload(code) for code in Permission.values if code in codes_by_key.get(app_row.id, ())]
        for app_row in apps
    ]


app_token = Type("AppToken", rows=lambda context: AppToken.objects.all())
app_token.id()
app_token.columns(name="name")
app.related_rows(
    "tokens", app_token, column="app", order=["pk"], rows=AppToken.objects.all(), permissions=APP_PERMISSIONS
)


@app_token.field(needs="last_letters")
def auth_token(tokens: list[Row], *_: object) -> list[str]:
    """Resolve the token's last characters. Only a hash of it is stored."""
    return [token_row.last_letters for token_row in tokens]


app_brand = Type("AppBrand")
app_brand.value_fields("logo")
brand_logo = Type("AppBrandLogo")
brand_logo.value_fields("default")
app_extension = Type("AppExtension")
app_extension.value_fields(
    "id", "permissions", "label", "url", "mountName", "targetName", "settings", "identifier"
)
app_extension.value_fields("app", "accessToken")
app_problem = Type("AppProblem")
app_problem.value_fields("id", "createdAt", "updatedAt", "count", "isCritical", "message", "key")
webhook = Type("Webhook")
webhook.value_fields("id", "name", "identifier", "app", "eventDeliveries", "targetUrl", "isActive")
event_delivery = Type("EventDelivery")
event_delivery.value_fields("id", "createdAt", "status", "attempts")
delivery_attempt = Type("EventDeliveryAttempt")
delivery_attempt.value_fields("id", "createdAt", "taskId", "duration", "response", "responseHeaders")
delivery_attempt.value_fields("responseStatusCode", "requestHeaders", "status")

ENTITIES["App"] = app
TYPES = (
    app,
    app_token,
    app_brand,
    brand_logo,
    app_extension,
    app_problem,
    webhook,
    event_delivery,
    delivery_attempt,
)
