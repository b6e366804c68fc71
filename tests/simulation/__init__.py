"""
The small simulator (G20): one seeded driver plays all roles through the real actions, with faults between.

A plan is drawn from its seed alone, before anything is played: every step carries a seed of its own, chooses among what
exists when its turn comes, and is refused where it is not its turn. So a step can be taken out and the others stay what they
are, and seed and commit give the same play again.
"""
