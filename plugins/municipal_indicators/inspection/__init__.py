"""Shows what an arrived file is recognised as, and every problem in it, without loading it."""
