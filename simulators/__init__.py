"""Stand-ins for what the platform talks to. Separate processes; the product never imports them."""
