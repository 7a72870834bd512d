from django.db import models

from lti_tool.models.course import Course
from lti_tool.models.platform import Deployment
from lti_tool.models.session import Session


class ContentSelection(Session):
    """A teacher who is choosing content for a course (LTI Deep Linking 2.0), on the pages under /s/<id>/.

    It belongs to no resource link, so no page of a launch can be opened with it, nor the other way round.
    """

    PLACE = "s"
    COURSE = "course"

    course = models.ForeignKey(Course, on_delete=models.CASCADE, related_name="selections")
    deployment = models.ForeignKey(Deployment, on_delete=models.CASCADE, related_name="selections")
    return_url = models.CharField(max_length=2000)
    data = models.TextField(blank=True, help_text="Opaque, as JSON: given back as it came.")
    accept_multiple = models.BooleanField(default=False)
    returned_at = models.DateTimeField(null=True, blank=True)
