"""Asks who is in a course (NRPS), and stores what it may change.

May import platform and paging, and what they stand on.
"""
