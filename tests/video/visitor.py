"""Somebody in a browser, on the pages of their launch."""

import json
import re
from types import MappingProxyType
from typing import Any

import requests
from django.http import HttpResponse
from django.test import Client

from tests.lti_tool.platform_double import CONTEXT_ROLE, PlatformDouble
from video import tasks

ROLES = {
    "student": [f"{CONTEXT_ROLE}Learner"],
    "teacher": [f"{CONTEXT_ROLE}Instructor"],
    "assistant": [
        f"{CONTEXT_ROLE}Instructor",
        "http://purl.imsglobal.org/vocab/lis/v2/membership/Instructor#TeachingAssistant",
    ],
    "admin": [f"{CONTEXT_ROLE}Instructor", "http://purl.imsglobal.org/vocab/lis/v2/institution/person#Administrator"],
}


class Visitor:
    """A launched person; addresses are below their launch, and forms carry the page's CSRF token."""

    def __init__(self, platform: PlatformDouble, role: str, sub: str, **changes: Any) -> None:
        self._token = ""
        self.browser = Client(enforce_csrf_checks=True, HTTP_HOST="tool.example")
        name = changes.pop("name", f"{role.title()} {sub}")
        self.home = platform.open_page(self.browser, roles=ROLES[role], sub=sub, name=name, **changes)

    def get(self, path: str = "", **query: str) -> HttpResponse:
        return self._answer(self.browser.get(self._below(path), query, secure=True))

    def post(self, path: str, fields: dict[str, Any] | None = None) -> HttpResponse:
        data = {**(fields or {}), "csrfmiddlewaretoken": self.token()}
        headers = {"Referer": f"https://tool.example{self.home}"}
        return self._answer(self.browser.post(self._below(path), data, secure=True, headers=headers))

    def send(self, path: str, body: Any = MappingProxyType({})) -> HttpResponse:
        """As the page's script does: JSON, with the token in a header."""
        headers = {
            "X-CSRFToken": self.token(),
            "Referer": f"https://tool.example{self.home}",
            "Accept": "application/json",
        }
        response = self.browser.post(
            self._below(path),
            json.dumps(body, default=dict),
            content_type="application/json",
            secure=True,
            headers=headers,
        )
        return self._answer(response)

    def text(self, path: str = "", **query: str) -> str:
        response = self.get(path, **query)
        assert response.status_code == 200, response.content.decode()
        return response.content.decode()

    def begin(self, name: str, content: bytes, content_type: str = "video/mp4") -> dict[str, Any]:
        """Ask for a ticket; the tool's answer."""
        response = self.send("uploads/", {"name": name, "size": len(content), "type": content_type})
        assert response.status_code == 201, response.content.decode()
        answer: dict[str, Any] = json.loads(response.content)
        return answer

    def hand_over(self, ticket: dict[str, Any], content: bytes) -> requests.Response:
        """Send the bytes to storage by the ticket alone, as a browser does."""
        form = ticket["form"]
        return requests.post(form["url"], data=form["fields"], files={"file": content}, timeout=30)

    def upload(self, name: str, content: bytes, content_type: str = "video/mp4") -> str:
        """A whole good upload, checked by a worker; the video's id."""
        ticket = self.begin(name, content, content_type)
        assert self.hand_over(ticket, content).status_code in (200, 201, 204)
        response = self.send(ticket["urls"]["complete"])
        assert response.status_code == 200, response.content.decode()
        tasks.verify_upload(ticket["video"])
        return str(ticket["video"])

    def submit(self, **fields: str) -> HttpResponse:
        """Press the page's submit button."""
        found = re.search(r'name="video" value="([0-9a-f-]{36})"', self.text())
        assert found, "the page offers nothing to submit"
        return self.post("submit/", {"video": found.group(1), **fields})

    def _below(self, path: str) -> str:
        return path if path.startswith("/") else f"{self.home}{path}"

    def token(self) -> str:
        """That of the first page that was opened: it is good as long as the launch."""
        if not self._token:
            page = self.browser.get(self.home, secure=True, follow=True).content.decode()
            found = re.search(r'<meta name="csrf-token" content="(\w+)"', page)
            assert found, "every page names its CSRF token"
            self._token = found.group(1)
        return self._token

    @staticmethod
    def _answer(response: Any) -> HttpResponse:
        assert isinstance(response, HttpResponse)
        return response
