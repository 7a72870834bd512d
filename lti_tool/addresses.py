"""Where somebody finds an activity outside a launch, such as from an e-mail: at the platform, which then launches us.

A session of ours is a launch, so no address of our own leads in.
"""

from django.conf import settings

from lti_tool.models import ResourceLink


def activity_url(link: ResourceLink) -> str:
    """The activity's page at its platform (join `platform` and `course`); empty where we do not know one.

    LTI names no such address, and the `return_url` of a launch carries its person's session key. Moodle's are known:
    its issuer is where it is installed, its resource link's id is the activity's (`moodle.md`, 13), and
    mod/lti/view.php takes that as `l`, after a login where there is none (seen in Moodle 4.5.6).
    """
    site = _site(link)
    if site and _is_number(link.resource_link_id):
        return f"{site}/mod/lti/view.php?l={link.resource_link_id}"
    return ""


def _site(link: ResourceLink) -> str:
    platform = link.platform
    schemes = ("https://", "http://") if settings.DEBUG or settings.DEMO else ("https://",)
    is_moodle = platform.product.lower() == "moodle" and platform.issuer.startswith(schemes)
    return platform.issuer.rstrip("/") if is_moodle and platform.issuer.isprintable() else ""


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdecimal()
