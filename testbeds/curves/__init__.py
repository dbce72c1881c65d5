"""Learning-curve tables that were collected by real training, and surrogates fitted to them."""
