"""Start the platform: bind the port, make the database, say where everything is in one line of JSON, serve.

`python -m platform_server.serve --data-dir DIR --tool-login URL --tool-launch URL --tool-jwks URL [--port N]`
"""

import argparse
import json
import os
import sys
from pathlib import Path
from typing import Any

import django
from django.core.handlers.wsgi import WSGIHandler
from django.core.management import call_command
from django.core.servers.basehttp import ThreadedWSGIServer, WSGIRequestHandler


def main() -> None:
    options = _options()
    # Bound before anything else, so that port 0 can become an address that rows and tokens name.
    server = ThreadedWSGIServer(("127.0.0.1", options.port), WSGIRequestHandler, allow_reuse_address=True)
    server.daemon_threads = True
    os.environ.update(
        DJANGO_SETTINGS_MODULE="platform_server.settings",
        PLATFORM_URL=f"http://127.0.0.1:{server.server_port}",
        PLATFORM_DATA_DIR=str(options.data_dir.absolute()),
        TOOL_LOGIN_URL=options.tool_login,
        TOOL_LAUNCH_URL=options.tool_launch,
        TOOL_JWKS_URL=options.tool_jwks,
        AGS_MODE=options.ags_mode,
        ROSTER_PAGE_SIZE=str(options.roster_page_size),
    )
    django.setup()
    from platform_server import standins

    standins.install()
    options.data_dir.mkdir(parents=True, exist_ok=True)
    sys.stdout.write(json.dumps(_prepare()) + "\n")
    sys.stdout.flush()
    server.set_app(WSGIHandler())
    server.serve_forever()


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--port", type=int, default=0, help="on 127.0.0.1; 0 takes a free one")
    parser.add_argument("--data-dir", type=Path, required=True, help="for the SQLite file; must not hold one yet")
    parser.add_argument("--tool-login", required=True, help="the tool's login initiation address")
    parser.add_argument("--tool-launch", required=True, help="the tool's launch address: redirect_uri and target")
    parser.add_argument("--tool-jwks", required=True, help="the tool's key set; fetched for each access token")
    parser.add_argument(
        "--ags-mode",
        choices=("declarative", "programmatic"),
        default="declarative",
        help="declarative: the activity's line item exists; programmatic: the tool has to make it",
    )
    parser.add_argument("--roster-page-size", type=int, default=3, help="members on a page of the roster")
    return parser.parse_args()


def _prepare() -> dict[str, Any]:
    """Fill the database and answer what an administrator copies into the tool, and where to open the activity."""
    from django.conf import settings
    from django.contrib.auth.models import User
    from lti_consumer.api import get_lti_1p3_launch_info

    from platform_server.block import load_block
    from platform_server.course import BLOCK_KEY, PEOPLE, enrol_everybody

    call_command("migrate", run_syncdb=True, verbosity=0)
    enrol_everybody()
    block = load_block(BLOCK_KEY)
    block.runtime.sign_in(User.objects.get(username="teacher"))
    info = get_lti_1p3_launch_info(block.get_lti_1p3_launch_data())
    return {
        "issuer": settings.LMS_ROOT_URL,
        "client_id": info["client_id"],
        "deployment_id": info["deployment_id"],
        "authorization_url": info["oidc_callback"],
        "token_url": info["token_url"],
        "jwks_url": info["keyset_url"],
        "state_url": f"{settings.LMS_ROOT_URL}/state",
        "start_urls": {person.username: f"{settings.LMS_ROOT_URL}/start?user={person.username}" for person in PEOPLE},
    }


if __name__ == "__main__":
    main()
