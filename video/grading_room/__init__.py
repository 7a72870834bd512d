"""One student's work beside what is said of it: the page on which it is marked.

May import roster, grading, feedback, comments, and what they stand on (`docs/architecture.md`).
"""
