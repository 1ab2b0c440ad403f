"""Engines: what runs a query, and whose word its answer is."""
