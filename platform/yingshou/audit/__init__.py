"""
What happened, once and for ever: append-only events, one per change of state, written in the transaction of the change;
and access events for what was denied or what protected value was shown (`docs/architecture.md`).
"""
