"""Cleaning: values as people and exports write them, put into one form, or left as they came with the reason why.

Pure functions of text: they see neither the store nor the network. None raises, whatever the text; what has been
cleaned comes out the same when it is cleaned again. docs/cleaning.md has the rules and where they come from.
"""
