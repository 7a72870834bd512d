"""Read by gunicorn from the folder it is started in; the command line may say otherwise."""

import os

# A browser opens connections ahead of need and says nothing on them: gunicorn's default worker would wait on one for
# half a minute while people wait for their pages. Ours is its thread worker, with pages for what is too large.
worker_class = "config.web.Worker"
# More than may wait for other systems at a time (PAGES_WAITING_… in config/settings.py), so that pages that need none
# find a thread. `timeout` is left as it is: it counts for the process, which lives while its threads wait.
threads = 12
# No statement of a page keeps a thread for longer.
os.environ.setdefault("STATEMENT_SECONDS", "20")
# Two installations under one user would share the file it is kept in.
control_socket_disable = True
# A login initiation by GET carries the platform's hints in its address: the most that gunicorn can be told.
limit_request_line = 8190
# Many launches begun in one browser are many cookies in one line.
limit_request_field_size = 32_768
