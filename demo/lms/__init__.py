"""A small LMS to launch the tool from: as strict as the strictest platform, as quirky as Moodle 4.5 was seen to be.

It shares no code with the tool. Its data is one SQLite file; its people and course are always the same.
"""
