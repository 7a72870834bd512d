"""Says to an admin what works between the platform and this tool, and why not.

May import everything else here, and what they stand on.
"""
