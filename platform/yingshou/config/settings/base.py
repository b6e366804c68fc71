"""Settings common to development, tests and production; importable with no environment set."""

from typing import Any

import django_stubs_ext

from yingshou.config import environment
from yingshou.config.logs import logging_settings
from yingshou.config.schedules import SCHEDULE

# Fields, forms and admin classes are generic in the type stubs; this lets the same spelling run.
django_stubs_ext.monkeypatch()

BASE_DIR = environment.BASE_DIR


# --- Applications ------------------------------------------------------------------------------------------------
OWN_APPS = [
    "yingshou.tenancy",
    "yingshou.ui",
    "yingshou.jobs",
    "yingshou.audit",
    "yingshou.documents",
    "yingshou.drafts",
    "yingshou.approvals",
    "yingshou.identity",
    "yingshou.signing",
    "yingshou.notifications",
    "yingshou.evidence",
    "yingshou.home",
    "yingshou.runtime",
    "yingshou.config",
    "receivables",
]
INSTALLED_APPS = [
    *OWN_APPS,
    # Instead of "django.contrib.admin": the same app with the staff's own site.
    "yingshou.identity.admin_config.StaffAdminConfig",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.contrib.humanize",
    "django.forms",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "allauth.usersessions",
    "guardian",
    "csp",
    "django_filters",
    "django_htmx",
    "django_cotton.apps.SimpleAppConfig",
    "template_partials.apps.SimpleAppConfig",
    "django_structlog",
    "django_prometheus",
    "health_check",
]
AUTH_USER_MODEL = "identity.Person"

MIDDLEWARE = [
    "django_prometheus.middleware.PrometheusBeforeMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "yingshou.config.middleware.ResponseHeadersMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "csp.middleware.CSPMiddleware",
    "django_structlog.middlewares.RequestMiddleware",
    "yingshou.tenancy.middleware.MethodMiddleware",
    "yingshou.tenancy.middleware.DatabaseAwayMiddleware",
    # Binds an anonymous actor before anything queries: reading a session is a query too.
    "yingshou.tenancy.middleware.AnonymousActorMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "yingshou.ui.middleware.LanguageMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "yingshou.identity.middleware.ActorMiddleware",
    "yingshou.config.limiter.LimitMiddleware",
    "yingshou.identity.second_factor.SecondFactorMiddleware",
    "yingshou.audit.middleware.AccessEventMiddleware",
    "yingshou.identity.support_view.SupportViewMiddleware",
    "yingshou.tenancy.middleware.GuardMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "django_prometheus.middleware.PrometheusAfterMiddleware",
]
ROOT_URLCONF = "yingshou.config.urls"
WSGI_APPLICATION = "yingshou.config.wsgi.application"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

# --- Templates ---------------------------------------------------------------------------------------------------
COTTON_DIR = "components"
TEMPLATE_SOURCES = [
    "django_cotton.cotton_loader.Loader",
    "django.template.loaders.filesystem.Loader",
    "django.template.loaders.app_directories.Loader",
]


def template_loaders(*, cached: bool) -> list[Any]:
    """Return the loader chain: partials around components around files, compiled once where `cached`."""
    inner: list[Any] = TEMPLATE_SOURCES
    if cached:
        inner = [("django.template.loaders.cached.Loader", TEMPLATE_SOURCES)]
    return [("template_partials.loader.Loader", inner)]


TEMPLATES: list[dict[str, Any]] = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "OPTIONS": {
            "loaders": template_loaders(cached=True),
            "builtins": [
                "django_cotton.templatetags.cotton",
                "template_partials.templatetags.partials",
                "django.templatetags.i18n",
                "django.templatetags.static",
                "yingshou.ui.templatetags.ui",
            ],
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "django.template.context_processors.i18n",
                "yingshou.ui.context_processors.frame",
            ],
        },
    }
]
FORM_RENDERER = "yingshou.ui.forms.FormRenderer"

# --- Data stores -------------------------------------------------------------------------------------------------
DATABASES: dict[str, dict[str, Any]] = {
    "default": environment.DATABASE.settings("yingshou.tenancy.backend"),
    "owner": environment.DATABASE_OWNER.settings("django.db.backends.postgresql"),
    "sealing": environment.DATABASE_SEAL.settings("django.db.backends.postgresql"),
    "report": environment.DATABASE_REPORT.settings("django.db.backends.postgresql"),
}
for _entry in DATABASES.values():
    _entry["ATOMIC_REQUESTS"] = False
    _entry["CONN_HEALTH_CHECKS"] = True
DATABASES["default"]["CONN_MAX_AGE"] = 300
REDIS_URL = environment.REDIS_URL
CACHES = {
    "default": {
        "BACKEND": "yingshou.config.caches.ForgivingRedisCache",
        "LOCATION": REDIS_URL,
        "KEY_PREFIX": "cache",
        "OPTIONS": {"socket_timeout": 2},
    }
}
YINGSHOU_DATA_DIR = environment.DATA_DIR
MEDIA_ROOT = YINGSHOU_DATA_DIR / "files"
MEDIA_URL = "/not-served/"
FILE_UPLOAD_PERMISSIONS = 0o600
FILE_UPLOAD_DIRECTORY_PERMISSIONS = 0o700
DATA_UPLOAD_MAX_MEMORY_SIZE = 5 * 1024 * 1024
DATA_UPLOAD_MAX_NUMBER_FIELDS = 5000

# --- Static files ------------------------------------------------------------------------------------------------
STATIC_URL = "/static/"
STATIC_ROOT = environment.STATIC_ROOT
STATICFILES_DIRS = [BASE_DIR / "static"]
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"},
}
# Every page names files by their hash, so the plain names would only be compressed for nothing.
WHITENOISE_KEEP_ONLY_HASHED_FILES = True

# --- Language and time -------------------------------------------------------------------------------------------
LANGUAGE_CODE = "zh-hans"
LANGUAGES = [("zh-hans", "简体中文"), ("en", "English")]
LANGUAGE_COOKIE_NAME = "language"
LANGUAGE_COOKIE_AGE = 365 * 24 * 3600
LANGUAGE_COOKIE_HTTPONLY = True
LANGUAGE_COOKIE_SAMESITE = "Lax"
TEXT_SIZE_COOKIE_NAME = "text_size"
LOCALE_PATHS = [BASE_DIR / "locale"]
FORMAT_MODULE_PATH = ["yingshou.ui.formats"]
USE_I18N = True
USE_TZ = True
USE_THOUSAND_SEPARATOR = False
TIME_ZONE = "Asia/Shanghai"

# --- Sign-in -----------------------------------------------------------------------------------------------------
SECRET_KEY = environment.SECRET_KEY
AUTHENTICATION_BACKENDS = [
    "allauth.account.auth_backends.AuthenticationBackend",
    "guardian.backends.ObjectPermissionBackend",
]
PASSWORD_HASHERS = [
    "django.contrib.auth.hashers.Argon2PasswordHasher",
    "django.contrib.auth.hashers.PBKDF2PasswordHasher",
]
AUTH_PASSWORD_VALIDATORS = [
    {
        "NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator",
        "OPTIONS": {"user_attributes": ["username", "email", "display_name"]},
    },
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 12}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {"NAME": "yingshou.identity.passwords.PredictablePasswordValidator"},
]
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "/"
LOGOUT_REDIRECT_URL = "/"
ACCOUNT_ADAPTER = "yingshou.identity.adapter.AccountAdapter"
ACCOUNT_FORMS = {"login": "yingshou.identity.forms.SignInForm"}
ACCOUNT_LOGIN_METHODS = {"username", "email"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "username*", "password1*"]
ACCOUNT_EMAIL_VERIFICATION = "mandatory"
ACCOUNT_EMAIL_SUBJECT_PREFIX = ""
ACCOUNT_EMAIL_UNKNOWN_ACCOUNTS = False
ACCOUNT_UNIQUE_EMAIL = True
ACCOUNT_PREVENT_ENUMERATION = True
ACCOUNT_LOGOUT_ON_GET = False
ACCOUNT_LOGOUT_ON_PASSWORD_CHANGE = False
ACCOUNT_SESSION_REMEMBER = False
ACCOUNT_REAUTHENTICATION_REQUIRED = True
# By what the limits of `yingshou.config.limits` are multiplied; 0 switches them off.
LIMIT_FACTOR = environment.LIMIT_FACTOR
# How long a proven second factor lasts for acts that bind.
STEP_UP_SECONDS = 15 * 60
MFA_ADAPTER = "yingshou.identity.mfa_adapter.FactorAdapter"
MFA_SUPPORTED_TYPES = ["totp", "webauthn", "recovery_codes"]
MFA_WEBAUTHN_USER_VERIFICATION = "required"
ACCOUNT_DEFAULT_HTTP_PROTOCOL = "https"
# Failed sign-ins are counted per account in the database (identity); allauth keeps its other limits.
ACCOUNT_RATE_LIMITS = {"login": False, "login_failed": False}
USERSESSIONS_TRACK_ACTIVITY = False
GUARDIAN_RAISE_403 = False
GUARDIAN_MONKEY_PATCH_USER = False
GUARDIAN_GET_INIT_ANONYMOUS_USER = None
ANONYMOUS_USER_NAME = None

SESSION_ENGINE = "django.contrib.sessions.backends.cached_db"
SESSION_COOKIE_NAME = "yingshou_session"
SESSION_COOKIE_AGE = 12 * 3600
SESSION_EXPIRE_AT_BROWSER_CLOSE = True
SESSION_COOKIE_SAMESITE = "Lax"
SESSION_COOKIE_HTTPONLY = True
SESSION_IDLE_SECONDS = 30 * 60
SESSION_WARNING_SECONDS = 2 * 60
SESSION_ABSOLUTE_SECONDS = 12 * 3600
CSRF_COOKIE_NAME = "yingshou_csrf"
CSRF_COOKIE_HTTPONLY = True
CSRF_COOKIE_SAMESITE = "Lax"
CSRF_FAILURE_VIEW = "yingshou.ui.errors.csrf_failure"
CSRF_TRUSTED_ORIGINS = environment.TRUSTED_ORIGINS
MESSAGE_STORAGE = "django.contrib.messages.storage.session.SessionStorage"

# Views of libraries, guarded by their own means; every other view carries a guard of ours or is refused.
VIEWS_GUARDED_ELSEWHERE = [
    "admin",
    "healthz",
    "readyz",
    "metrics",
    "account_login",
    "account_logout",
    "account_inactive",
    "account_email_verification_sent",
    "account_confirm_email",
    "account_change_password",
    "account_set_password",
    "account_reset_password",
    "account_reset_password_done",
    "account_reset_password_from_key",
    "account_reset_password_from_key_done",
]

# --- Keys of our own ---------------------------------------------------------------------------------------------
YINGSHOU_FIELD_KEYS = environment.FIELD_KEYS
YINGSHOU_HMAC_KEY = environment.HMAC_KEY
YINGSHOU_NUMBER_KEY = environment.NUMBER_KEY
SEAL_KEY = environment.SEAL_KEY
SEAL_FORMER_KEYS = environment.SEAL_FORMER_KEYS
SEAL_ORIGIN = environment.SEAL_ORIGIN
SEAL_WITNESSES = environment.SEAL_WITNESSES
SIGNING_REVOCATION_FOLDER = YINGSHOU_DATA_DIR / "authority"
SIGNING_OCSP_URL = environment.OCSP_URL
SIGNING_CRL_URLS = environment.CRL_URLS
SIGNING_TSA_URL = environment.TSA_URL
SIGNING_TSA_POLICIES = environment.TSA_POLICIES
# Where a timestamp is required, a signature takes effect only with one.
SIGNING_TIMESTAMP_REQUIRED = environment.TIMESTAMP_REQUIRED
ELICENCE_URL = environment.ELICENCE_URL
# Which class speaks to the service, and under which name and secret the service knows this platform.
ELICENCE_PROVIDER = environment.ELICENCE_PROVIDER
ELICENCE_APP = environment.ELICENCE_APP
ELICENCE_SECRET = environment.ELICENCE_SECRET
# The only addresses the platform calls (`yingshou.jobs.http`); those of the second list may lie in a private network.
OUTGOING_ALLOWED = environment.OUTGOING_ALLOWED + [
    address for address in (SIGNING_OCSP_URL, *SIGNING_CRL_URLS, SIGNING_TSA_URL, ELICENCE_URL) if address
]
OUTGOING_PRIVATE = environment.OUTGOING_PRIVATE
# Only the sample city's clock can be moved; see `manage.py move_clock`.
YINGSHOU_CLOCK_MAY_MOVE = False
YINGSHOU_PUBLIC_URL = environment.PUBLIC_URL
METRICS_TOKEN = environment.METRICS_TOKEN
# How many proxies of the operator append to X-Forwarded-For; with none the header is not read.
TRUSTED_PROXIES = environment.TRUSTED_PROXIES

# --- Headers -----------------------------------------------------------------------------------------------------
CONTENT_SECURITY_POLICY: dict[str, Any] = {
    "DIRECTIVES": {
        "default-src": ["'none'"],
        "script-src": ["'self'"],
        "style-src": ["'self'"],
        "img-src": ["'self'", "data:"],
        "font-src": ["'self'"],
        "connect-src": ["'self'"],
        "form-action": ["'self'"],
        "frame-ancestors": ["'none'"],
        "base-uri": ["'none'"],
    }
}
X_FRAME_OPTIONS = "DENY"
SECURE_REFERRER_POLICY = "same-origin"
SECURE_CROSS_ORIGIN_OPENER_POLICY = "same-origin"
SECURE_CONTENT_TYPE_NOSNIFF = True
ALLOWED_HOSTS = environment.ALLOWED_HOSTS

# --- Mail --------------------------------------------------------------------------------------------------------
vars().update(environment.EMAIL_URL)
DEFAULT_FROM_EMAIL = environment.DEFAULT_FROM_EMAIL
SERVER_EMAIL = DEFAULT_FROM_EMAIL

# --- Work in the background (figures: stack.md 3.5) --------------------------------------------------------------
CELERY_BROKER_URL = environment.broker_url(REDIS_URL)
CELERY_TIMEZONE = TIME_ZONE
CELERY_ENABLE_UTC = True
CELERY_ACCEPT_CONTENT = ["json"]
CELERY_TASK_SERIALIZER = "json"
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_REJECT_ON_WORKER_LOST = True
CELERY_TASK_IGNORE_RESULT = True
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_WORKER_MAX_TASKS_PER_CHILD = 200
CELERY_WORKER_SOFT_SHUTDOWN_TIMEOUT = 30
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
# Every limit stays below the visibility timeout: a message that comes back while its task still runs runs twice.
CELERY_TASK_TIME_LIMIT = 1500
CELERY_TASK_SOFT_TIME_LIMIT = 1400
CELERY_BROKER_TRANSPORT_OPTIONS = {
    "visibility_timeout": 1800,
    "unacked_restore_throttle": 1,
    "unacked_restore_interval": 10,
    "socket_timeout": 30,
    "socket_connect_timeout": 2,
    "health_check_interval": 25,
}
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
# A request never waits long for a Redis that is away: the sweeper sends the job again.
CELERY_BROKER_CONNECTION_TIMEOUT = 2
CELERY_TASK_PUBLISH_RETRY_POLICY = {"max_retries": 1, "interval_start": 0, "interval_max": 0.2}
CELERY_BEAT_SCHEDULE = SCHEDULE

# --- Logs --------------------------------------------------------------------------------------------------------
DJANGO_STRUCTLOG_CELERY_ENABLED = True
DJANGO_STRUCTLOG_USER_ID_FIELD = "pk"
# The address of a visitor is personal data; the web server's access log, kept for a short time, has it.
DJANGO_STRUCTLOG_IP_LOGGING_ENABLED = False
LOGGING = logging_settings(level=environment.LOG_LEVEL, style=environment.LOG_FORMAT)
LOGGING_CONFIG = "logging.config.dictConfig"
PROMETHEUS_EXPORT_MIGRATIONS = False
