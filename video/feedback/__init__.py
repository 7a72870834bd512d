"""What goes back with a mark besides points: rich text, files and audio.

May import uploads and submissions, and what they stand on (`docs/architecture.md`).
"""
