"""Finds and ends what is left behind: lost messages, vanished uploads, objects of no row.

May import uploads and feedback, and what they stand on (`docs/architecture.md`).
"""
