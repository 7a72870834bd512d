"""Marks as a spreadsheet: export; import with a preview, applied, undone.

May import roster and grading, and what they stand on (`docs/architecture.md`).
"""
