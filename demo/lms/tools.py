"""The tools this LMS knows: one registered by hand when it starts, the others by themselves."""

import json
from dataclasses import dataclass
from urllib.parse import urlsplit

from demo.lms.site import CLIENT_ID, SCOPES, Site, site
from demo.lms.store import Row

ACTIVE, PENDING = "active", "pending"


@dataclass(frozen=True)
class Tool:
    """`domain` is empty for the one registered by hand, so that a registration never changes it."""

    id: int
    client_id: str
    domain: str
    name: str
    login_url: str
    redirect_uris: list[str]
    jwks_url: str
    target_link_uri: str
    deep_linking_url: str
    custom: dict[str, str]
    scopes: list[str]
    state: str = PENDING

    @property
    def deployment_id(self) -> str:
        """Moodle deploys a tool once, under the number of its type."""
        return str(self.id)

    @property
    def origin(self) -> str:
        """What a frame's permissions are given to."""
        parts = urlsplit(self.login_url)
        return f"{parts.scheme}://{parts.netloc}"


def register_by_hand(site: Site) -> None:
    """The tool that needs no registration. Told again at each start: its origin may be another."""
    launch_url = f"{site.tool}/lti/launch/"
    site.store.write(
        "INSERT OR REPLACE INTO tool VALUES (1, ?, '', 'Video assignments', ?, ?, ?, ?, ?, '{}', ?, ?)",
        CLIENT_ID,
        f"{site.tool}/lti/login/",
        json.dumps([launch_url]),
        f"{site.tool}/lti/jwks/",
        launch_url,
        launch_url,
        json.dumps(sorted(SCOPES)),
        ACTIVE,
    )


def every() -> list[Tool]:
    return [_tool(row) for row in site().store.rows("SELECT * FROM tool ORDER BY id")]


def active(client_id: str) -> Tool | None:
    return next((tool for tool in every() if tool.client_id == client_id and tool.state == ACTIVE), None)


def current() -> Tool:
    """What the course page opens: the newest active tool."""
    return [tool for tool in every() if tool.state == ACTIVE][-1]


def _tool(row: Row) -> Tool:
    for column in ("redirect_uris", "custom", "scopes"):
        row[column] = json.loads(row[column])
    return Tool(**row)
