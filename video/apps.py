from django.apps import AppConfig


class VideoConfig(AppConfig):
    name = "video"

    def ready(self) -> None:
        from lti_tool import access
        from video.assignments import binding
        from video.grading import points_change
        from video.mail import notifications  # noqa: F401  its receivers listen in every process

        access.join("resource_link__assignment")
        binding.ask_first(points_change.asks)
