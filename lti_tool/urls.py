from django.urls import path

from lti_tool.views import launch, registration

app_name = "lti"
urlpatterns = [
    path("login/", launch.login, name="login"),
    path("launch/", launch.launch, name="launch"),
    path("window/", launch.window, name="window"),
    path("jwks/", launch.jwks, name="jwks"),
    path("register/", registration.register, name="register"),
    path("register/by-hand/", registration.by_hand, name="by-hand"),
]
