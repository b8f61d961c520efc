"""Which message began the thread that another is in, however far back and wherever in the mailbox it stands."""

from __future__ import annotations

from collections.abc import Iterable

from graphcrm.limits import MAX_REPLIES

__all__ = ["Threads"]


class Threads:
    """What each reply of a mailbox answers, so that a chain of replies can be followed to its beginning.

    Most programs name the first message of a thread in every reply; where one names only the message before, that one's
    own reply has to be known. Of each reply 64 bits of its id and the id of what it answers are kept.

    Parameters
    ----------
    replies : iterable of tuple of str
        The id of each message and of what it answers; either may be empty. The first `limits.MAX_REPLIES` replies
        count.

    Examples
    --------
    >>> threads = Threads([("c", "b"), ("b", "a"), ("a", "")])
    >>> [threads.root(id_) for id_ in ("a", "b", "c", "another")]
    ['a', 'a', 'a', 'another']
    """

    def __init__(self, replies: Iterable[tuple[str, str]] = ()) -> None:
        self._answered: dict[int, str] = {}
        for id_, answered in replies:
            if id_ and answered and id_ != answered and len(self._answered) < MAX_REPLIES:
                self._answered.setdefault(hash(id_), answered)

    def root(self, id_: str) -> str:
        """The message that began a thread.

        Parameters
        ----------
        id_ : str
            A message of it, or what it answers.

        Returns
        -------
        str
            The end of the chain; of messages that answer each other in a ring the least.
        """
        passed = dict.fromkeys([id_])
        while (answered := self._answered.get(hash(id_))) is not None and answered not in passed:
            id_ = answered
            passed[id_] = None
        if answered is not None:
            ring = list(passed)
            id_ = min(ring[ring.index(answered) :])
        for other in passed.keys() - {id_}:
            self._answered[hash(other)] = id_  # whoever comes this way next is there in one step
        if answered is not None:
            self._answered.pop(hash(id_), None)
        return id_
