"""The emulated Metrica API, asked by a real HTTP client."""
