"""Kills by the hundred: processes of loads and builds die at random moments while a reader polls."""
