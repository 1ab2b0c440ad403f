"""Sigmaglot: compile Sigma rules to SIEM queries and say how faithful each query is."""

__version__ = "0.1.0"
