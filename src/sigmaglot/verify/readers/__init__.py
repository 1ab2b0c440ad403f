"""Independent readers of the query languages: test oracles, not vendor-verified (see README.md)."""
