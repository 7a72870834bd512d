from django.apps import AppConfig


class VideoConfig(AppConfig):
    name = "video"

    def ready(self) -> None:
        from lti_tool import access

        access.join("resource_link__assignment")
