"""E-mail: who wants to know what, the messages, their sending, and how to end them.

May import models and signals, and what they stand on (`docs/architecture.md`).
"""
