"""The set-up page of an assignment, and Select content (Deep Linking).

May import assignments and rubrics, and what they stand on (`docs/architecture.md`).
"""
