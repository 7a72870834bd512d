from django.urls import path

from lti_tool.launch import views as launch_views
from lti_tool.registration import views as registration_views

app_name = "lti"
urlpatterns = [
    path("login/", launch_views.login, name="login"),
    path("launch/", launch_views.launch, name="launch"),
    path("window/", launch_views.window, name="window"),
    path("jwks/", launch_views.jwks, name="jwks"),
    path("register/", registration_views.register, name="register"),
    path("register/by-hand/", registration_views.by_hand, name="by-hand"),
]
