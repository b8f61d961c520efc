"""One party, once: which records of parties are the same person or company, and why.

Pure: DataFrames in, DataFrames out. `duplicates.find_duplicates` does the whole of it.
"""
