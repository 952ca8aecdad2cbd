"""Shows what a file that arrived is taken for, and every problem in it, without loading it anywhere."""
