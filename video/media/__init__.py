"""What a video file is: its type by its first bytes, container, length and codecs; and remuxing.

May import storage, and what they stand on (`docs/architecture.md`).
"""
