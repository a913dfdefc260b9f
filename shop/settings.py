"""All settings, read from the environment.

Nothing needs to be set for the embedded setup: SQLite, jobs over files, mail on the console, all data in
DATA_DIR. A DATABASE_URL or REDIS_URL makes the shop a server. A server needs all of SERVER_NEEDS; otherwise
it does not start, and names the missing settings.
"""

import contextlib
import os
import secrets
from pathlib import Path
from urllib.parse import urlsplit

from csp.constants import NONCE, NONE, SELF
from django.core.exceptions import ImproperlyConfigured
from django.utils.translation import gettext_lazy as _

from shop.environment import (
    broker_options,
    cache_settings,
    env,
    env_int,
    env_list,
    env_networks,
    is_loopback,
    local_address,
    parse_database_url,
    url_host,
)

BASE_DIR = Path(__file__).resolve().parent.parent
SERVER_NEEDS = (
    "DATABASE_URL",
    "REDIS_URL",
    "SECRET_KEY",
    "ALLOWED_HOSTS",
    "PUBLIC_URL",
    "EMAIL_HOST",
    "DEFAULT_FROM_EMAIL",
)
STRIPE_NEEDS = ("STRIPE_SECRET_KEY", "STRIPE_PUBLISHABLE_KEY", "STRIPE_WEBHOOK_SECRET")
LOOPBACK = ["localhost", "127.0.0.1", "[::1]"]


def _missing_variables() -> list[str]:
    """Return the variables that are unset although another set variable requires them."""
    missing = []
    if env("DATABASE_URL") or env("REDIS_URL"):
        missing += [name for name in SERVER_NEEDS if not env(name)]
    if env("EMAIL_HOST"):
        missing += [name for name in ["DEFAULT_FROM_EMAIL"] if not env(name)]
    for variable, companion in [
        ("EMAIL_HOST_USER", "EMAIL_HOST_PASSWORD"),
        ("EMAIL_HOST_PASSWORD", "EMAIL_HOST_USER"),
    ]:
        if env(variable):
            missing += [name for name in [companion, "EMAIL_HOST"] if not env(name)]
    if env("SMS_URL"):
        missing += [name for name in ["SMS_TOKEN"] if not env(name)]
    if env("MEDIA_URL"):
        missing += [name for name in ["MEDIA_ROOT"] if not env(name)]
    if any(env(name) for name in STRIPE_NEEDS):
        missing += [name for name in STRIPE_NEEDS if not env(name)]
    return list(dict.fromkeys(missing))


if _missing_variables():
    raise ImproperlyConfigured(
        f"The shop is only half configured. Set {', '.join(_missing_variables())}, or unset what"
        " requires them (DATABASE_URL, REDIS_URL, EMAIL_HOST, EMAIL_HOST_USER, MEDIA_URL, STRIPE_…) to run"
        " embedded."
    )

SERVER = bool(env("DATABASE_URL"))
DATA_DIR = Path(env("DATA_DIR", str(BASE_DIR / "var"))).resolve()
DATA_DIR.mkdir(parents=True, exist_ok=True)
DEBUG = env("DEBUG") == "1"
if DEBUG and SERVER:
    raise ImproperlyConfigured("DEBUG exposes the inside of the shop to strangers: unset it on a server.")


def _load_or_create_secret() -> str:
    """Return the generated key of an embedded shop. The first process creates it."""
    path = DATA_DIR / "secret_key"
    if not path.exists():
        new_path = path.with_name(f"secret_key.{os.getpid()}")
        new_path.touch(mode=0o600)
        new_path.write_text(secrets.token_urlsafe(50))
        with contextlib.suppress(FileExistsError):  # another process was first, and its key is used
            os.link(new_path, path)
        new_path.unlink()
    return path.read_text()


SECRET_KEY = env("SECRET_KEY") or _load_or_create_secret()
if len(SECRET_KEY) < 50:
    raise ImproperlyConfigured("SECRET_KEY must have at least 50 characters.")
HOST = env("HOST", "127.0.0.1").strip("[]")
PORT = env_int("PORT", 8000)

_LISTENS_EVERYWHERE = HOST in ("0.0.0.0", "::")
LISTENS_AT = f"{url_host(HOST)}:{PORT}"
# The public URL, for links in mails, and to decide whether cookies require TLS.
PUBLIC_URL = env(
    "PUBLIC_URL", f"http://{url_host(local_address() if _LISTENS_EVERYWHERE else HOST)}:{PORT}"
).rstrip("/")
if urlsplit(PUBLIC_URL).scheme not in ("http", "https"):
    raise ImproperlyConfigured("PUBLIC_URL must start with https:// (or http:// for trying things out).")
# An embedded shop that listens everywhere is reached by names unknown here.
ALLOWED_HOSTS = env_list("ALLOWED_HOSTS") or (
    ["*"] if _LISTENS_EVERYWHERE else [*LOOPBACK, *({url_host(HOST)} - {*LOOPBACK})]
)
CSRF_TRUSTED_ORIGINS = [PUBLIC_URL]
# Other machines can reach the shop, so accounts with published passwords must not work.
OPEN_TO_NETWORK = SERVER or not all(
    is_loopback(host) for host in [HOST, urlsplit(PUBLIC_URL).hostname or "", *ALLOWED_HOSTS]
)

# Parts

INSTALLED_APPS = [
    *(f"django.contrib.{app}" for app in ("admin", "auth", "contenttypes", "sessions", "messages")),
    *(f"django.contrib.{app}" for app in ("staticfiles", "sitemaps")),
    *("django_htmx", "template_partials", "csp"),
    "shop.core",
    "shop.accounts",
    "shop.notifications",
    "cooperatives",
    "catalog",
    "shop.content",
    *("orders", "shop.members.sync"),
    "shop",
]
MIDDLEWARE = [
    "shop.server.body_limits.limit_request_bodies",
    "shop.core.web.middleware.allow_health_probes",
    "shop.core.web.middleware.omit_head_bodies",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "shop.core.web.middleware.compress_pages",
    "shop.api.middleware.serve_operations",
    "csp.middleware.CSPMiddleware",
    "shop.core.web.middleware.add_security_headers",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "shop.core.web.uploads.UnexpectedFilesMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "shop.page_cache.PageCache",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "shop.members.shared_phones.phone_sessions.admit_phone_sessions",
    "shop.accounts.views.session_presence.record_presence",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "shop.core.web.middleware.explain_form_addresses",
    "shop.second_factor_gate.SecondFactorGate",
    "shop.core.web.middleware.RemoveNulCharacters",
]
ROOT_URLCONF = "shop.urls"
WSGI_APPLICATION = "shop.wsgi.application"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
AUTH_USER_MODEL = "accounts.User"
LOGIN_URL = "accounts:sign-in"
LOGIN_REDIRECT_URL = "accounts:home"
LOGOUT_REDIRECT_URL = "home"
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{name}"}
    for name in ("UserAttributeSimilarityValidator", "MinimumLengthValidator", "CommonPasswordValidator")
]
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.template.context_processors.i18n",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "shop.page_context.build_page_context",
            ],
            "builtins": [
                "template_partials.templatetags.partials",
                "shop.core.templatetags.formatting",
                "shop.core.templatetags.icons",
                "shop.core.templatetags.paging",
                "shop.core.templatetags.pictures",
            ],
        },
    }
]

# Language and time

LANGUAGE_CODE = "vi"
LANGUAGES = [("vi", _("Vietnamese")), ("en", _("English"))]
LOCALE_PATHS = [BASE_DIR / "locale"]
FORMAT_MODULE_PATH = "shop.core.formats"
USE_I18N = True
USE_THOUSAND_SEPARATOR = False
TIME_ZONE = "Asia/Ho_Chi_Minh"  # defines days; instants are stored in UTC
USE_TZ = True

# Database, cache, jobs


def _sqlite(path: Path) -> dict[str, object]:
    """Return the settings of SQLite behind the fair writer lock (see DECISIONS.md 1)."""
    return {
        "ENGINE": "shop.sqlite",
        "NAME": path,
        "CONN_MAX_AGE": None,
        # A file, because threads of a test need their own connections.
        "TEST": {"NAME": path.with_name("test.sqlite3")},
        "OPTIONS": {
            "transaction_mode": "IMMEDIATE",
            "timeout": 20,
            "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA foreign_keys=ON",
        },
    }


REDIS_URL = env("REDIS_URL")
DATABASES = {
    "default": parse_database_url(env("DATABASE_URL")) if SERVER else _sqlite(DATA_DIR / "shop.sqlite3")
}
QUEUE_DIR = DATA_DIR / "queue"
CACHES = {"default": cache_settings(REDIS_URL, DATA_DIR / "cache.sqlite3")}
CELERY_BROKER_URL = REDIS_URL or "filesystem://localhost"
CELERY_BROKER_TRANSPORT_OPTIONS = broker_options(REDIS_URL, QUEUE_DIR)
CELERY_TASK_PUBLISH_RETRY = False  # a lost message costs minutes, a retry a buyer's time
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_TASK_IGNORE_RESULT = True  # results are in the database
CELERY_TASK_ACKS_LATE = bool(REDIS_URL)
CELERY_TASK_SOFT_TIME_LIMIT = None
CELERY_TIMEZONE = TIME_ZONE
CELERY_BEAT_SCHEDULER = "celery.beat:Scheduler"  # in memory: sweeps find the due rows, whenever they start
CELERY_WORKER_REDIRECT_STDOUTS = False  # Celery would log mails and texts printed on the console as warnings
CELERY_WORKER_ENABLE_REMOTE_CONTROL = bool(REDIS_URL)
CELERY_WORKER_HIJACK_ROOT_LOGGER = False

# Web server (shop/server)

# Time limits in seconds: for a request's header, for its body, for reading the response, and between two
# requests of one connection. The second and third have a second per thousand bytes added.
REQUEST_HEADER_SECONDS = env_int("REQUEST_HEADER_SECONDS", 10)
REQUEST_BODY_SECONDS = env_int("REQUEST_BODY_SECONDS", 30)
RESPONSE_SECONDS = env_int("RESPONSE_SECONDS", 30)
KEEP_ALIVE_SECONDS = env_int("KEEP_ALIVE_SECONDS", 30)
REQUEST_BODY_BYTES = env_int("REQUEST_BODY_MB", 10) * 1024 * 1024  # others are in shop/server/body_limits.py
CONNECTIONS_PER_ADDRESS = env_int("CONNECTIONS_PER_ADDRESS", 100)  # per web process; proxies are exempt
# Request bodies that one network may be sending at once, per web process. Proxies are exempt.
BODY_BYTES_PER_NETWORK = env_int("BODIES_PER_NETWORK_MB", 128) * 1024 * 1024
TRUSTED_PROXIES = env_networks("TRUSTED_PROXIES", "127.0.0.1,::1")  # for X-Forwarded-For and -Proto

# Files

STATIC_URL = "/static/"
STATIC_ROOT = DATA_DIR / "static"
# The shop serves MEDIA_ROOT itself unless MEDIA_URL points to a web server or CDN.
MEDIA_URL = env("MEDIA_URL", "/media/")
MEDIA_ROOT = Path(env("MEDIA_ROOT", str(DATA_DIR / "media")))
STORAGES = {
    "default": {"BACKEND": "shop.core.images.media_storage.MediaStorage"},
    "staticfiles": {
        "BACKEND": (
            "django.contrib.staticfiles.storage.StaticFilesStorage"
            if DEBUG
            else "shop.server.static_files.MinifiedStaticFilesStorage"
        )
    },
}
DATA_UPLOAD_MAX_MEMORY_SIZE = 2 * 1024 * 1024  # of a form without its files
DATA_UPLOAD_MAX_NUMBER_FIELDS = 2000
DATA_UPLOAD_MAX_NUMBER_FILES = 10
FILE_UPLOAD_PERMISSIONS = 0o644
LOW_DISK_MEGABYTES = env_int("LOW_DISK_MEGABYTES", 500)  # /health/ reports less free space

# Mail

EMAIL_HOST = env("EMAIL_HOST")
_MAIL = "django.core.mail.backends.smtp" if EMAIL_HOST else "shop.notifications.console_mail"
EMAIL_BACKEND = f"{_MAIL}.EmailBackend"
EMAIL_PORT = env_int("EMAIL_PORT", 587)
EMAIL_HOST_USER = env("EMAIL_HOST_USER")
EMAIL_HOST_PASSWORD = env("EMAIL_HOST_PASSWORD")
EMAIL_USE_SSL = EMAIL_PORT == 465
EMAIL_USE_TLS = bool(EMAIL_HOST_USER) and not EMAIL_USE_SSL
EMAIL_TIMEOUT = 10
DEFAULT_FROM_EMAIL = env("DEFAULT_FROM_EMAIL", "cho-phien@localhost")
SERVER_EMAIL = DEFAULT_FROM_EMAIL

# Text messages go to the console until a provider is set (shop/notifications/by_sms.py).
SMS_URL = env("SMS_URL")
SMS_TOKEN = env("SMS_TOKEN")
PHONE_CODES = bool(SMS_URL) or not SERVER  # a server without an SMS provider offers no codes
TEXT_COUNTRIES = env_list("TEXT_COUNTRIES") or ["84"]  # calling codes of the countries that get texts
TEXTS_PER_NUMBER = env_int("TEXTS_PER_NUMBER", 20)  # per day, with 0 for no limit, here and below
TEXTS_PER_DAY = env_int("TEXTS_PER_DAY", 3000)  # of the whole shop; the last fifth is reserved for codes
# The private key by which push services recognise the shop, as PEM. Without it one is generated in DATA_DIR.
VAPID_PRIVATE_KEY = env("VAPID_PRIVATE_KEY").replace("\\n", "\n")
PUSH_TO_PRIVATE_ADDRESSES = False  # only tests send to this machine

# Limits on orders

# Above these daily limits an order requires a code sent to the buyer's phone.
ORDERS_PER_PHONE = env_int("ORDERS_PER_PHONE", 5)
ORDERS_PER_NETWORK = env_int("ORDERS_PER_NETWORK", 20)
API_ORDERS_PER_NETWORK = env_int("API_ORDERS_PER_NETWORK", 1000)  # one network may be a storefront's server
ORDERS_PER_DAY = env_int("ORDERS_PER_DAY", 1000)
# Above this number of orders confirmed by a code, staff place the order.
CONFIRMED_ORDERS_PER_PHONE = env_int("CONFIRMED_ORDERS_PER_PHONE", 30)
# While more unpaid guest orders than this exist, a new guest order must be paid within these minutes.
UNPAID_GUEST_ORDERS = env_int("UNPAID_GUEST_ORDERS", 50)
UNPAID_GUEST_MINUTES = env_int("UNPAID_GUEST_MINUTES", 60)

# Cards

# Cards are off until Stripe's three keys are set. Only tests change the URLs. The script's version must match
# the library's API version (docs.stripe.com/sdks/stripejs-versioning).
STRIPE_SECRET_KEY = env("STRIPE_SECRET_KEY")
STRIPE_PUBLISHABLE_KEY = env("STRIPE_PUBLISHABLE_KEY")
STRIPE_WEBHOOK_SECRET = env("STRIPE_WEBHOOK_SECRET")
STRIPE_API_URL = env("STRIPE_API_URL", "https://api.stripe.com").rstrip("/")
STRIPE_JS_URL = env("STRIPE_JS_URL", "https://js.stripe.com/endive/stripe.js")
# Stripe's minimum of half a dollar, with room for the exchange rate.
STRIPE_SMALLEST_VND = env_int("STRIPE_SMALLEST_VND", 15_000)
if STRIPE_SECRET_KEY and not STRIPE_SECRET_KEY.startswith(("sk_", "rk_")):
    raise ImproperlyConfigured("STRIPE_SECRET_KEY must be a secret key (sk_… or rk_…).")
if STRIPE_PUBLISHABLE_KEY and not STRIPE_PUBLISHABLE_KEY.startswith("pk_"):
    raise ImproperlyConfigured("STRIPE_PUBLISHABLE_KEY must be a publishable key (pk_…): buyers see it.")
if ("_test_" in STRIPE_SECRET_KEY) != ("_test_" in STRIPE_PUBLISHABLE_KEY):
    raise ImproperlyConfigured("One of Stripe's keys is for tests and the other is not.")

# Bank transfers

# Services that report incoming transfers to the market's account. Each is off until its secret is set.
SEPAY_SECRET = env("SEPAY_SECRET")
SEPAY_API_KEY = env("SEPAY_API_KEY")
CASSO_SECRET = env("CASSO_SECRET")
PAYOS_CHECKSUM_KEY = env("PAYOS_CHECKSUM_KEY")

# API

# The private key that signs tokens, as PEM. Without it one is generated in DATA_DIR, for one machine only.
JWT_PRIVATE_KEY = env("JWT_PRIVATE_KEY").replace("\\n", "\n")
# How long after signing in staff may change accounts, refunds, payouts, rights and settings over the API.
API_RECENT_SIGN_IN_MINUTES = env_int("API_RECENT_SIGN_IN_MINUTES", 15)
API_COST_LIMIT = env_int("API_COST_LIMIT", 50_000)  # 0 turns it off
# How long anonymous catalogue responses are cached while nothing changes. 0 turns it off.
API_CACHE_SECONDS = env_int("API_CACHE_SECONDS", 0)
PAGE_CACHE_SECONDS = env_int("PAGE_CACHE_SECONDS", 10)  # the same for public pages to anonymous visitors
API_ORIGINS = env_list("API_ORIGINS")  # sites whose browsers may use the API with cookies
# Hosts that links in mails requested over the API may point to. `*` allows any.
API_CLIENT_HOSTS = env_list("API_CLIENT_HOSTS") or [
    urlsplit(PUBLIC_URL).hostname or "",
    *([] if SERVER else LOOPBACK),
]
API_PLAYGROUND = API_DUMMY_PAYMENT = DEBUG  # for trials, with the playground and payments without money

# Safety

_TLS = PUBLIC_URL.startswith("https://")
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = LANGUAGE_COOKIE_SECURE = _TLS
SESSION_COOKIE_AGE = 60 * 60 * 24 * 60
LANGUAGE_COOKIE_AGE = 60 * 60 * 24 * 365
LANGUAGE_COOKIE_SAMESITE = "Lax"
SECURE_HSTS_SECONDS = 60 * 60 * 24 * 365 if _TLS else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = SECURE_HSTS_PRELOAD = _TLS
SECURE_SSL_REDIRECT = _TLS
SECURE_REDIRECT_EXEMPT = [r"^health/$"]  # requested by probes on the internal network
# TLS ends at a proxy in front of us, which must set this header itself and drop the client's.
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if _TLS else None
SECURE_REFERRER_POLICY = "strict-origin-when-cross-origin"
X_FRAME_OPTIONS = "DENY"
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [SELF],
        "script-src": [SELF, NONCE],
        "img-src": [SELF, "data:", "blob:", *({MEDIA_URL} - {"/media/"})],
        "form-action": [SELF],
        **{directive: [NONE] for directive in ("object-src", "base-uri", "frame-ancestors")},
    }
}

# Logging

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"line": {"format": "{asctime} {levelname} {name}: {message}", "style": "{"}},
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "line"}},
    "root": {"handlers": ["console"], "level": env("LOG_LEVEL", "INFO").upper()},
    "loggers": {
        "django": {"handlers": ["console"], "level": "INFO", "propagate": False},
        "waitress.queue": {"level": "ERROR"},  # it warns whenever a request waits for a thread
    },
}
