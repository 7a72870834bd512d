"""Connects a platform: by one pasted address (Dynamic Registration), or by hand.

May import launch, and what they stand on.
"""
