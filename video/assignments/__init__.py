"""Which assignment a launch is about, when it is open, and who has more time.

May import events and problems, and what they stand on (`docs/architecture.md`).
"""
