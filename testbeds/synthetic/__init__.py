"""Functions with a known optimum, vectorised over rows."""
