from django.urls import path

from lti_tool import views

app_name = "lti"
urlpatterns = [
    path("login/", views.login, name="login"),
    path("launch/", views.launch, name="launch"),
    path("window/", views.window, name="window"),
    path("register/", views.jwks, name="register"),
    path("jwks/", views.jwks, name="jwks"),
]
