"""Loading sales ledgers that other software wrote: what they lack is derived, what is odd about them is explained."""
