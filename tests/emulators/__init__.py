"""Development stand-ins for the outside world (APIs, inboxes); the plugins never import them."""
