"""`python -m demo.lms --port 9000 --tool http://localhost:8000 --data var/demo/lms`"""

import argparse
from pathlib import Path

from demo.lms.app import create_app
from demo.serving import serve

parser = argparse.ArgumentParser(description="A small LMS to launch the tool from.")
parser.add_argument("--port", type=int, default=9000)
parser.add_argument("--tool", default="http://localhost:8000", help="the tool's origin")
parser.add_argument("--data", type=Path, required=True, help="folder for its data")
options = parser.parse_args()
issuer = f"http://127.0.0.1:{options.port}"
serve(create_app(issuer=issuer, tool=options.tool, folder=options.data), options.port)
