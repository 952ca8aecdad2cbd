"""Files that arrive: taken, unpacked, masked, loaded, archived or rejected; no source is known here."""
