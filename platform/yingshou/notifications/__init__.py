"""
What people are told: the to-do list (what waits for me, oldest first) and messages (what happened), with a hook by mail.

To-dos are never stored: each app registers a provider that reads them from its own rows (N12). Messages are stored, one per
counterpart and act, whatever the number of lines, and read in the reader's language.
"""
