"""Read by gunicorn from the folder it is started in; the command line may say otherwise."""

# A browser opens connections ahead of need and says nothing on them: the default worker would wait on one for half a
# minute while people wait for their pages.
worker_class = "gthread"
threads = 8
# Two installations under one user would share the file it is kept in.
control_socket_disable = True
