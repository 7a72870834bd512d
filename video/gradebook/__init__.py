"""What was sent to Moodle's gradebook, what differs there, and what a teacher decides.

May import submissions and rubrics, and what they stand on (`docs/architecture.md`).
"""
