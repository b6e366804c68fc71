"""Pages of identity, by audience."""
