"""A deterministic inbox: the files a district administration would send, and the truth in them."""
