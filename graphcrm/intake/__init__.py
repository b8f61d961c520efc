"""Data in: CSV files read row by row, mapped to the canonical tables, and loaded in batches."""
