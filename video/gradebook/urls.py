from django.urls import path

from video.gradebook import views

urlpatterns = [
    path("moodle/", views.troubled, name="deliveries"),
    path("moodle/again/", views.send_again, name="send-again"),
    path("moodle/compare/", views.compare, name="compare"),
    path("moodle/<int:delivery_id>/", views.history, name="delivery"),
    path("moodle/<int:delivery_id>/decide/", views.decide, name="delivery-decide"),
]
