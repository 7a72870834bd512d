"""What a student sees of their own work, from the first visit to the returned mark.

May import submissions, grading, comments, and what they stand on (`docs/architecture.md`).
"""
