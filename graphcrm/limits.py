"""Every bound on what graphcrm accepts, in one place; docs/limits.md explains each."""

from __future__ import annotations

from typing import Final

MAX_ID_LENGTH: Final = 128
"""Characters of an id."""
MAX_PREFIX_LENGTH: Final = 32
"""Characters that a source's ids are told from those of others by."""
MAX_NAME_LENGTH: Final = 500
"""Characters of a name, title, subject or any other one-line text (they are indexed or listed)."""
MAX_TEXT_LENGTH: Final = 100_000
"""Characters of a long text: notes, the text of an interaction."""
MAX_LIST_LENGTH: Final = 10_000
"""Entries of a list in one record: tags, receivers, targeted parties."""
MAX_EXTRA_FIELDS: Final = 200
"""Columns beyond the vocabulary that one record may carry."""
MAX_LINE_BYTES: Final = 1_000_000
"""Bytes of one record in an imported file."""
MAX_REPLIES: Final = 100_000
"""Replies of one mailbox whose chains are followed to the message that began them."""
MAX_COLUMNS: Final = 2_000
"""Columns of an imported file."""
MAX_WORKBOOK_BYTES: Final = 200_000_000
"""Bytes of a workbook, packed or expanded: it is held in memory."""
MAX_SHEET_CELLS: Final = 10_000_000
"""Cells of a sheet, empty ones too."""
MAX_EXPANSION: Final = 200
"""Times its size to which a packed file may expand, beyond its first 10 MB."""
MAX_EXPANDED_BYTES: Final = 100_000_000_000
"""Bytes that come out of one packed file."""
MAX_DATE_SAMPLE: Final = 10_000
"""Rows of a file from which the order of day, month and year is found."""
MAX_ARCHIVE_FILES: Final = 1_000
"""Files of one zip."""
MAX_BODY_BYTES: Final = 10_000_000
"""Bytes of one HTTP request body."""
MAX_UPLOAD_BYTES: Final = 2_000_000_000
"""Bytes of one request that uploads files to import."""
MAX_UPLOAD_FILES: Final = 100
"""Files of one upload."""
MAX_QUEUED_IMPORTS: Final = 20
"""Uploaded imports that may wait at once."""
MAX_WEBHOOKS: Final = 20
"""Webhooks of one graph."""
MAX_WAITING_DELIVERIES: Final = 10_000
"""Deliveries that may wait for one webhook."""
MAX_URL_LENGTH: Final = 2_000
"""Characters of a web address: a webhook's, a link to an attachment."""
MAX_CANDIDATES: Final = 20_000
"""Pairs that one search for duplicates keeps for review, the most probable."""
MAX_BULK_ROWS: Final = 10_000
"""Rows of one bulk upsert."""
MAX_PAGE: Final = 1_000
"""Rows of one page of a list over HTTP."""
MAX_HOPS: Final = 50
"""Hops of a path."""
MAX_NEIGHBORHOOD_HOPS: Final = 4
"""Hops around a party."""
MAX_NEIGHBORHOOD: Final = 1_000
"""Parties in one neighbourhood; a map draws at most MAX_MAP_PARTIES of them."""
MAX_MAP_PARTIES: Final = 300
"""Parties drawn on one map."""
MAX_PATHS: Final = 100
"""Paths of one answer."""
MAX_SEEDS: Final = 1_000
"""Parties of one seed set."""
MAX_TREE_DEPTH: Final = 50
"""Generations of a referral tree."""
MAX_TREE: Final = 10_000
"""Parties in one referral tree."""
MAX_QUERY_LENGTH: Final = 200
"""Characters of a search query."""
MAX_STALE_DAYS: Final = 36_500
"""Days after which a quality report may take values for stale."""
MAX_AMOUNT: Final = 10**14
"""Largest amount of money, in currency units (its ten-thousandths still fit 64 bits)."""
