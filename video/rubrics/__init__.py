"""Rubrics: criteria, levels, what was scored on them; as a table for spreadsheets.

May import typed_text alone: it knows no page and no launch, and what they stand on (`docs/architecture.md`).
"""
