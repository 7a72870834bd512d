from django.urls import path

from video.roster import bulk_views, mark_views, more_time_views, trial_views, views

urlpatterns = [
    path("roster/", views.refresh_roster, name="refresh-roster"),
    path("roster/now/", views.now, name="roster-now"),
    path("roster/chosen/", bulk_views.chosen, name="bulk"),
    path("roster/more-time/", more_time_views.pasted, name="pasted-list"),
    path("roster/missing/", views.missing_addresses, name="missing-addresses"),
    path("people/<uuid:person_id>/more-time/", more_time_views.more_time, name="more-time"),
    path("submissions/<uuid:submission_id>/trial/", trial_views.ask, name="trial"),
    path("attempts/<uuid:attempt_id>/points/", mark_views.save, name="points"),
]
