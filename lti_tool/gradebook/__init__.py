"""Owes the platform's gradebook something, delivers it, and looks at what is there (AGS).

May import platform and paging, and what they stand on.
"""
