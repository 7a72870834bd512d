"""Django admin for the product's rows, to look at."""

from django.contrib import admin

from lti_tool.admin import ReadOnly
from video.models import Assignment, Event, Mail, Submission, Video


@admin.register(Assignment)
class AssignmentAdmin(ReadOnly):
    list_display = ("title", "resource_link", "points", "due_at")
    search_fields = ("title",)


@admin.register(Submission)
class SubmissionAdmin(ReadOnly):
    list_display = ("assignment", "person", "state", "created_at")
    list_filter = ("state",)


@admin.register(Video)
class VideoAdmin(ReadOnly):
    list_display = ("id", "name", "state", "size", "duration", "video_codec", "created_at")
    list_filter = ("state", "backend")


@admin.register(Event)
class EventAdmin(ReadOnly):
    list_display = ("at", "kind", "role", "video", "data")
    list_filter = ("kind", "role")


@admin.register(Mail)
class MailAdmin(ReadOnly):
    list_display = ("id", "kind", "state", "problem", "tries", "wanted_at", "due_at", "sent_at")
    list_filter = ("kind", "state")
