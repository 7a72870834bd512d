"""Grants to watch: a signed address after the permission check, written down for audit.

May import storage, and what they stand on (`docs/architecture.md`).
"""
