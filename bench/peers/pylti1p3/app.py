"""pylti1p3 alone in Django: state, nonce and launch in Django's sessions, key sets kept in the cache, a trivial page.

`python app.py` makes its tables; gunicorn serves `app:application`. The platform comes by the environment.
"""

import os
from urllib.parse import urlsplit

import django
from django.conf import settings

_database = urlsplit(os.environ["DATABASE_URL"])
settings.configure(
    SECRET_KEY="only for a benchmark",
    ALLOWED_HOSTS=["tool.bench"],
    ROOT_URLCONF=__name__,
    INSTALLED_APPS=["django.contrib.sessions"],
    MIDDLEWARE=[
        "django.middleware.security.SecurityMiddleware",
        "django.contrib.sessions.middleware.SessionMiddleware",
        "django.middleware.common.CommonMiddleware",
    ],
    DATABASES={
        "default": {
            "ENGINE": "django.db.backends.postgresql",
            "NAME": _database.path[1:],
            "USER": _database.username,
            "HOST": _database.hostname,
            "PORT": _database.port,
            "CONN_MAX_AGE": 60,
        }
    },
    CACHES={"default": {"BACKEND": "django.core.cache.backends.redis.RedisCache", "LOCATION": os.environ["REDIS_URL"]}},
    SESSION_COOKIE_SECURE=True,
    SESSION_COOKIE_SAMESITE="None",
    SECURE_PROXY_SSL_HEADER=("HTTP_X_FORWARDED_PROTO", "https"),
    USE_TZ=True,
)
django.setup()

from django.core.handlers.wsgi import WSGIHandler  # noqa: E402
from django.core.management import call_command  # noqa: E402
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect  # noqa: E402
from django.urls import path  # noqa: E402
from django.utils.html import escape  # noqa: E402
from django.views.decorators.csrf import csrf_exempt  # noqa: E402
from pylti1p3.contrib.django import DjangoCacheDataStorage, DjangoMessageLaunch, DjangoOIDCLogin  # noqa: E402
from pylti1p3.tool_config import ToolConfDict  # noqa: E402

_issuer = os.environ["ISSUER"]
_tool = ToolConfDict(
    {
        _issuer: {
            "client_id": "bench",
            "auth_login_url": f"{_issuer}/auth",
            "auth_token_url": f"{_issuer}/token",
            "key_set_url": f"{_issuer}/jwks",
            "deployment_ids": ["1"],
        }
    }
)


@csrf_exempt
def login(request: HttpRequest) -> HttpResponse:
    return DjangoOIDCLogin(request, _tool).redirect(request.POST["target_link_uri"])


@csrf_exempt
def launch(request: HttpRequest) -> HttpResponse:
    message = DjangoMessageLaunch(request, _tool)
    message.set_public_key_caching(DjangoCacheDataStorage(), cache_lifetime=7200)
    message.validate()
    return HttpResponseRedirect(f"/page/{message.get_launch_id()}/")


def page(request: HttpRequest, launch_id: str) -> HttpResponse:
    told = DjangoMessageLaunch.from_cache(launch_id, request, _tool).get_launch_data()
    return HttpResponse(f"<!doctype html><title>Hello</title><h1>Hello {escape(told['name'])}</h1>")


urlpatterns = [path("login/", login), path("launch/", launch), path("page/<launch_id>/", page)]
application = WSGIHandler()

if __name__ == "__main__":
    call_command("migrate", verbosity=0)
