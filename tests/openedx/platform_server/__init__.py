"""An LTI 1.3 platform for our tests: Open edX's own LTI code (`lti-consumer-xblock`) on a small host.

It signs launches, publishes keys, gives access tokens and keeps line items, scores and the roster with code that none
of us wrote, so that it can disagree with our reading of the specification. Run it from tests/openedx with
`python -m platform_server.serve`, in the environment of tests/openedx/requirements.txt.
"""
