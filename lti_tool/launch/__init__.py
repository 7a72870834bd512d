"""From Moodle's login request to a verified launch, its rows, and its window.

May import claims, oidc and keys; no service of the platform but its key set, and what they stand on.
"""
