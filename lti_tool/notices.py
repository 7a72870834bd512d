"""One-time notices ("Saved.") that stay with their launch."""

from typing import Any

from django.contrib.messages.storage.cookie import CookieStorage
from django.http.response import HttpResponseBase

from lti_tool.access import session_path


class LaunchNotices(CookieStorage):
    """Django's cookie storage, with the cookie on the launch's own path and fit for a frame.

    Two tabs with two launches would else show each other's notices. Outside a launch (the admin) it is Django's own.
    """

    def _update_cookie(self, encoded_data: str, response: HttpResponseBase) -> None:
        path = session_path(self.request.path)
        if path is None:
            super()._update_cookie(encoded_data, response)  # type: ignore[misc]  # not in the stubs
            return
        common: dict[str, Any] = {"path": path, "samesite": "None"}
        if encoded_data:
            response.set_cookie(self.cookie_name, encoded_data, secure=True, httponly=True, **common)
        else:
            response.delete_cookie(self.cookie_name, **common)
