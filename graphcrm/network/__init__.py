"""The relationship network: projection, scores, reasons, communities, paths, referrals, surroundings and their layout.

Pure functions: they take columns and give arrays, graphs and plain records; they never see the store.
"""
