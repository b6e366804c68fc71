"""
Two commands on a fresh machine: embedded PostgreSQL and Redis, first start, and the supervisor of `make run`.

The binaries come from wheels; this package starts them itself, with its own access rules, because the wheels' own
launchers trust every local user and every live process number.
"""
