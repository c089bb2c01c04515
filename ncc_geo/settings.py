"""Django settings, built from the environment and checked at start."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

from layers.jobs.config import q_cluster
from ncc_geo.environment import ROOT, SettingError, read_settings
from ncc_geo.kernel_cache import choose_kernel_cache
from ncc_geo.spatial_libraries import locate_libraries

ENV = read_settings()
GDAL_LIBRARY_PATH, GEOS_LIBRARY_PATH = locate_libraries()

NCC_VAR: Path = Path(ENV["NCC_VAR"]).resolve()
choose_kernel_cache(ROOT, NCC_VAR)
NCC_PROCESS: str = ENV["NCC_PROCESS"]
DEBUG: bool = ENV["NCC_DEBUG"]
ALLOWED_HOSTS: list[str] = ENV["NCC_ALLOWED_HOSTS"]
CSRF_TRUSTED_ORIGINS: list[str] = ENV["NCC_TRUSTED_ORIGINS"]
SECRET_KEY: str = ENV["NCC_SECRET_KEY"]
if len(SECRET_KEY) < 32:
    raise SettingError(
        "NCC_SECRET_KEY",
        "…",
        "give at least 32 characters; bin/run and bin/manage make one in var/",
    )


def _database(url: str, name: str, *, pooled: bool) -> dict[str, Any]:
    """Connection settings from a postgres URL; the query part goes to libpq as options."""
    parts = urlsplit(url)
    if parts.scheme not in {"postgres", "postgresql", "postgis"}:
        raise SettingError(name, "…", "write postgresql://user:password@host:port/database")
    query = dict(parse_qsl(parts.query))
    host = query.pop("host", "") or unquote(parts.hostname or "")
    options: dict[str, Any] = {
        **query,
        "connect_timeout": 5,
        "options": (
            f"-c lock_timeout={ENV['NCC_LOCK_TIMEOUT_MS']}"
            + (f" -c statement_timeout={ENV['NCC_STATEMENT_TIMEOUT_MS']}" if pooled else "")
        ),
    }
    if pooled:
        options["pool"] = {
            "min_size": 2,
            "max_size": ENV["NCC_DB_POOL_MAX"],
            "timeout": 5,
            "reconnect_timeout": 5,
        }
    return {
        "ENGINE": "django.contrib.gis.db.backends.postgis",
        "NAME": unquote(parts.path.lstrip("/")),
        "USER": unquote(parts.username or ""),
        "PASSWORD": unquote(parts.password or ""),
        "HOST": host,
        "PORT": str(parts.port or query.pop("port", "") or ""),
        "CONN_MAX_AGE": 0,
        "CONN_HEALTH_CHECKS": True,
        "ATOMIC_REQUESTS": False,
        "OPTIONS": options,
    }


_owner_url: str = ENV["DATABASE_URL"]
if not _owner_url:
    raise SettingError(
        "DATABASE_URL", "", "start through bin/run, bin/test or bin/manage, which set it"
    )
_app_url: str = ENV["NCC_DATABASE_APP_URL"] or _owner_url
#: Pages connect as the role that owns nothing; commands and jobs as the owner of the tables.
DATABASES = {
    "default": (
        _database(_app_url, "NCC_DATABASE_APP_URL", pooled=True)
        if NCC_PROCESS == "web"
        else _database(_owner_url, "DATABASE_URL", pooled=False)
    )
}
#: Name of the serving role, which migrations grant its rights to ("" where there is only one role).
NCC_APP_ROLE: str = (
    DATABASES["default"]["USER"]
    if NCC_PROCESS == "web"
    else unquote(urlsplit(_app_url).username or "")
)
NCC_OWNER_ROLE: str = unquote(urlsplit(_owner_url).username or "")
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

INSTALLED_APPS = [
    "layers.apps.AdministrationConfig",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.contrib.gis",
    "django.contrib.postgres",
    "django_q",
    "layers",
]
MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "layers.pages.static.StaticFilesMiddleware",
    "layers.pages.middleware.ContentPolicyMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "layers.pages.middleware.VisitorMiddleware",
    "layers.pages.middleware.LanguageMiddleware",
    "layers.pages.middleware.DefaultDenyMiddleware",
    "layers.pages.middleware.ActorMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "layers.pages.middleware.ErrorMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
]
ROOT_URLCONF = "ncc_geo.urls"
ASGI_APPLICATION = "ncc_geo.asgi.application"
WSGI_APPLICATION = "ncc_geo.wsgi.application"
AUTH_USER_MODEL = "layers.User"
LOGIN_URL = "/login/"
LOGIN_REDIRECT_URL = "/"
LOGOUT_REDIRECT_URL = "/"
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {
        "NAME": "django.contrib.auth.password_validation.MinimumLengthValidator",
        "OPTIONS": {"min_length": 10},
    },
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [ROOT / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.template.context_processors.i18n",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "layers.pages.context.page",
            ]
        },
    }
]

LANGUAGE_CODE: str = ENV["NCC_LANGUAGE"]
LANGUAGES = [("id", "Bahasa Indonesia"), ("en", "English")]
LOCALE_PATHS = [ROOT / "locale"]
USE_I18N = True
USE_TZ = True
TIME_ZONE: str = ENV["NCC_TIME_ZONE"]

STATIC_URL = "/static/"
STATIC_ROOT = NCC_VAR / "static"
STATIC_ROOT.mkdir(parents=True, exist_ok=True)
NCC_NODE_MODULES: Path = Path(ENV["NCC_NODE_MODULES"])
#: Only these folders of npm packages are served, each under /static/vendor/<name>/.
VENDOR_FOLDERS = {
    "leaflet": "leaflet/dist",
    "protomaps-leaflet": "protomaps-leaflet/dist",
    "hls.js": "hls.js/dist",
}
STATICFILES_DIRS: list[Any] = [ROOT / "static"] + [
    (f"vendor/{name}", str(NCC_NODE_MODULES / folder))
    for name, folder in VENDOR_FOLDERS.items()
    if (NCC_NODE_MODULES / folder).is_dir()
]
WHITENOISE_USE_FINDERS = True
WHITENOISE_AUTOREFRESH = DEBUG
MEDIA_ROOT = NCC_VAR / "media"

SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
CSRF_COOKIE_SAMESITE = "Lax"
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = bool(ENV["NCC_HTTPS"])
SECURE_HSTS_SECONDS = 31_536_000 if ENV["NCC_HTTPS"] else 0
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "SAMEORIGIN"
DATA_UPLOAD_MAX_MEMORY_SIZE = 8 * 1024 * 1024

CACHES = {
    "default": {
        "BACKEND": "django.core.cache.backends.filebased.FileBasedCache",
        "LOCATION": NCC_VAR / "cache",
        "OPTIONS": {"MAX_ENTRIES": 20_000},
    }
}
Q_CLUSTER = q_cluster(workers=ENV["NCC_JOB_WORKERS"])

NCC_TILE_URL: str = ENV["NCC_TILE_URL"]
NCC_TILE_ATTRIBUTION: str = ENV["NCC_TILE_ATTRIBUTION"]
NCC_IMPORT_MAX_BYTES: int = ENV["NCC_IMPORT_MAX_MB"] * 1024 * 1024
NCC_IMPORT_MAX_UNPACKED_BYTES: int = ENV["NCC_IMPORT_MAX_UNPACKED_MB"] * 1024 * 1024
NCC_STOREY_HEIGHT_M: float = ENV["NCC_STOREY_HEIGHT_M"]
NCC_DEFAULT_LEVELS: int = ENV["NCC_DEFAULT_LEVELS"]
NCC_TARGET_HEIGHT_M: float = ENV["NCC_TARGET_HEIGHT_M"]
NCC_POSITION_MAX_AGE_S: int = ENV["NCC_POSITION_MAX_AGE_S"]
NCC_ROUTER_LIMIT_MS: int = ENV["NCC_ROUTER_LIMIT_MS"]
NCC_POSITION_MAX_KPH: int = ENV["NCC_POSITION_MAX_KPH"]
NCC_HAZARD_FEEDS: list[str] = ENV["NCC_HAZARD_FEEDS"]
NCC_HAZARD_POLL_S: int = ENV["NCC_HAZARD_POLL_S"]
NCC_FETCH_PRIVATE_HOSTS: list[str] = ENV["NCC_FETCH_PRIVATE_HOSTS"]
NCC_OPTICS_EDITION: str = ENV["NCC_OPTICS_EDITION"]
NCC_RELAY_URL: str = ENV["NCC_RELAY_URL"]
NCC_DEMO_DIR: Path = NCC_VAR / "demo"
NCC_GRAPH_DIR: Path = NCC_VAR / "graphs"
NCC_SCENE_DIR: Path = NCC_VAR / "scenes"
NCC_TILE_CACHE_DIR: Path = NCC_VAR / "tiles"

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "filters": {"secrets": {"()": "ncc_geo.logs.SecretFilter"}},
    "formatters": {"line": {"format": "%(asctime)s %(levelname)s %(name)s %(message)s"}},
    "handlers": {
        "stderr": {"class": "logging.StreamHandler", "formatter": "line", "filters": ["secrets"]}
    },
    "root": {"handlers": ["stderr"], "level": ENV["NCC_LOG_LEVEL"]},
    "loggers": {"django.db.backends": {"level": "WARNING"}},
}
