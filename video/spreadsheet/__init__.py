"""Marks as CSV: out to a spreadsheet, and in again."""
