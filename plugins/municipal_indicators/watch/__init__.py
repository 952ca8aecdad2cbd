"""The watch of the morning: what is wrong with the night, told once to those who can mend it."""
