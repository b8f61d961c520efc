"""Use cases: query, compute, answer."""
