"""Grades on their way to the platform's gradebook (AGS): a transactional outbox, its delivery, comparison with Moodle.

May import platform and paging, and what they stand on.
"""
