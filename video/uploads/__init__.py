"""A video's way into storage: tickets, parts, and the verification of what has arrived.

May import submissions, media, storage, and what they stand on (`docs/architecture.md`).
"""
