"""
What `make bench` runs. Each benchmark prints one JSON object a line: its name under `bench`, and its figures.

A ratio is taken against a reference measured in the same run, the two alternated, the median of three; the bounds that
`docs/benchmarks.md` states are those of the decisions on figures. They run on embedded servers of their own, with
production's durability, in a folder that is removed at the end.
"""
