"""Settings: one base and thin variants; everything from the environment is read in `environment`."""
