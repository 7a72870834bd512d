"""django-lti in Django as its README shows it: each launch is stored as rows, a small page shows who came to what.

`python app.py` makes its tables and registers the platform; gunicorn serves `app:application`.
"""

import os
from pathlib import Path
from urllib.parse import urlsplit

import django
from django.conf import settings

_database = urlsplit(os.environ["DATABASE_URL"])
settings.configure(
    SECRET_KEY="only for a benchmark",
    ALLOWED_HOSTS=["tool.bench"],
    ROOT_URLCONF=__name__,
    INSTALLED_APPS=[
        "django.contrib.contenttypes",
        "django.contrib.auth",
        "django.contrib.sessions",
        "lti_tool",
    ],
    MIDDLEWARE=[
        "django.middleware.security.SecurityMiddleware",
        "django.contrib.sessions.middleware.SessionMiddleware",
        "django.middleware.common.CommonMiddleware",
        "lti_tool.middleware.LtiLaunchMiddleware",
    ],
    TEMPLATES=[
        {"BACKEND": "django.template.backends.django.DjangoTemplates", "DIRS": [Path(__file__).parent], "OPTIONS": {}}
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
    DEFAULT_AUTO_FIELD="django.db.models.BigAutoField",
    USE_TZ=True,
)
django.setup()

from django.core.handlers.wsgi import WSGIHandler  # noqa: E402
from django.core.management import call_command  # noqa: E402
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect  # noqa: E402
from django.shortcuts import render  # noqa: E402
from django.urls import path  # noqa: E402
from lti_tool.views import LtiLaunchBaseView, OIDCLoginInitView  # noqa: E402

from lti_tool.models import Key, LtiDeployment, LtiRegistration  # noqa: E402


class Launch(LtiLaunchBaseView):
    def handle_resource_launch(self, request: HttpRequest, lti_launch: object) -> HttpResponse:
        return HttpResponseRedirect("/page/")


def page(request: HttpRequest) -> HttpResponse:
    launch = request.lti_launch
    context = {"user": launch.user, "course": launch.context, "link": launch.resource_link}
    return render(request, "page.html", {**context, "membership": launch.membership})


urlpatterns = [path("login/", OIDCLoginInitView.as_view()), path("launch/", Launch.as_view()), path("page/", page)]
application = WSGIHandler()


def _register() -> None:
    issuer = os.environ["ISSUER"]
    Key.objects.generate()
    registration = LtiRegistration.objects.create(
        name="Bench",
        issuer=issuer,
        client_id="bench",
        auth_url=f"{issuer}/auth",
        token_url=f"{issuer}/token",
        keyset_url=f"{issuer}/jwks",
    )
    LtiDeployment.objects.create(registration=registration, deployment_id="1", is_active=True)


if __name__ == "__main__":
    call_command("migrate", verbosity=0)
    _register()
