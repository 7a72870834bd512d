"""Django's admin with our way to sign in."""

from django.contrib.admin.apps import AdminConfig


class Admin(AdminConfig):
    default = False  # of no folder: the settings name it
    default_site = "config.sign_in.Site"
