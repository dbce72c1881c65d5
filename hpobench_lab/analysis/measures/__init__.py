"""What else runs tell: run times to targets, profiles, dominated volume, what matters."""
