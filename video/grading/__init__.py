"""Marks: typed, saved, released; double marking, and two versions of one mark.

May import feedback, submissions, rubrics, and what they stand on (`docs/architecture.md`).
"""
