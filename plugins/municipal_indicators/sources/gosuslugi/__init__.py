"""Registers of applications and catalogues of services, as portals and authorities export them."""
