"""Handing in, receipts, taking back, and the lock and the aliases of a person's work.

May import assignments, and what they stand on (`docs/architecture.md`).
"""
