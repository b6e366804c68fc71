"""
Maker-checker that nobody can bypass (N11): what a maker submits is a row with its lines, frozen, seen on the object and in
the inbox; a second person approves or rejects it with a reason; one rule for pages, jobs and the staff's admin pages.
"""
