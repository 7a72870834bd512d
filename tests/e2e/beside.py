"""Code run beside a demo, with its settings: one process for many pieces, for each start of Django takes seconds.

A line of JSON comes in, the code; a line goes out: `{"printed": …}` or `{"failed": a traceback}`.
"""

import contextlib
import io
import json
import sys
import traceback

import django


def main() -> None:
    django.setup()
    answers, sys.stdout = sys.stdout, sys.stderr  # what else is printed is no answer
    for line in sys.stdin:
        printed = io.StringIO()
        answer = {}
        try:
            with contextlib.redirect_stdout(printed):
                exec(json.loads(line), {})
        except Exception:
            answer["failed"] = traceback.format_exc()
        print(json.dumps({"printed": printed.getvalue(), **answer}), file=answers, flush=True)


if __name__ == "__main__":
    main()
