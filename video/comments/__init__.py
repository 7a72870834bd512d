"""Comments at moments of a video, replies to them, and each marker's comment bank.

May import submissions and rubrics, and what they stand on (`docs/architecture.md`).
"""
