"""The teacher's list: who is how far; filters, bulk actions, marks in place, more time.

May import grading, gradebook, assignments, and what they stand on (`docs/architecture.md`).
"""
