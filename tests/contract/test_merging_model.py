"""Merge, unmerge, edit, import, delete and erase in any order, against a model of plain dicts, on both engines."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule, run_state_machine_as_test

import graphcrm
from graphcrm.schema import split_tie_id, tie_id

PARTIES = ("A", "B", "C", "D")
SOURCES = ("crm", "shop")
HAND = "hand"

Word = tuple[str, str]  # source, and the party or tie it speaks of


@dataclass
class Said:
    """What one source says of one thing, and when it last said something new, of each field and at all."""

    fields: dict[str, Any]
    at: int
    since: dict[str, int] = field(default_factory=dict)


@dataclass
class Model:
    """What was said, and who was merged into whom; all that is shown follows from these."""

    words: dict[Word, Said] = field(default_factory=dict)
    owners: dict[Word, tuple[str | None, int]] = field(default_factory=dict)
    """Whom a source names as a party's owner, and since when."""
    into: dict[str, str] = field(default_factory=dict)
    now: int = 0

    def root(self, party: str) -> str:
        while party in self.into:
            party = self.into[party]
        return party

    def members(self, root: str) -> list[str]:
        return [party for party in PARTIES if self.root(party) == root]

    def say(self, source: str, about: str, fields: dict[str, Any]) -> None:
        self.now += 1
        old = self.words.get((source, about))
        merged = (old.fields if old else {}) | fields
        if old is None or merged != old.fields or source == HAND:  # people are asked for what is to change alone
            since = (old.since if old else {}) | dict.fromkeys(fields, self.now)
            self.words[source, about] = Said(merged, self.now, since)

    def name_owner(self, source: str, party: str, user: str | None) -> None:
        """Have a source name an owner; that there is none it says where others name one."""
        others = [
            word
            for word, (other, _) in self.owners.items()
            if other and word != (source, party) and self.root(word[1]) == self.root(party)
        ]
        if user is None and not others:
            self.owners.pop((source, party), None)
        elif self.owners.get((source, party), (0, 0))[0] != user:
            self.owners[source, party] = user, self.now

    def owner(self, root: str) -> str | None:
        """The owner that is shown."""
        said = [(self._trust(word), at, user) for word, (user, at) in self.owners.items() if self.root(word[1]) == root]
        return max(said, key=lambda each: each[:2])[2] if said else None

    def forget_nobody(self) -> None:
        """Where nobody names an owner, it need not be said that there is none."""
        named = {self.root(party) for (_, party), (user, _) in self.owners.items() if user}
        self.owners = {word: said for word, said in self.owners.items() if self.root(word[1]) in named}

    def parties(self) -> dict[str, dict[str, Any]]:
        found = {}
        for party in PARTIES:
            if party not in self.into and any(about in self.members(party) for _, about in self.words):
                said = self._shown([w for w in self.words if w[1] in self.members(party)])
                found[party] = {"name": party} | said  # who gave it its name may be erased
        return found

    def ties(self) -> dict[str, dict[str, Any]]:
        groups: dict[str, list[Word]] = {}
        for word in self.words:
            part = split_tie_id(word[1])
            if part:
                type_, source, target, kind, _ = part
                source, target = self.root(source), self.root(target)
                if source != target:
                    groups.setdefault(tie_id(type_, source, target, kind), []).append(word)
        return {id_: self._shown(words) for id_, words in groups.items()}

    def _shown(self, words: list[Word]) -> dict[str, Any]:
        by_field: dict[str, Word] = {}
        for word in sorted(words):
            for name in self.words[word].fields:
                best = by_field.get(name)
                if best is None or self._strength(word, name) > self._strength(best, name):
                    by_field[name] = word
        shown = {name: self.words[word].fields[name] for name, word in by_field.items()}
        return {name: value for name, value in shown.items() if value is not None}

    def _strength(self, word: Word, name: str) -> tuple[int, int]:
        said = self.words[word]
        return self._trust(word), said.since.get(name, 0) if word[0] == HAND else said.at

    @staticmethod
    def _trust(word: Word) -> int:
        return 100 if word[0] == HAND else 50

    def delete(self, root: str) -> None:
        gone = self.members(root)
        self.words = {
            word: said
            for word, said in self.words.items()
            if word[1] not in gone and not set(gone) & set((split_tie_id(word[1]) or ())[1:3])
        }
        self.owners = {word: said for word, said in self.owners.items() if word[1] not in gone}
        self.into = {party: other for party, other in self.into.items() if party not in gone}

    def can_tell(self, source: str) -> bool:
        """Whether it is plain what an erased source leaves of merges: of each party its own words, or none."""
        left = {about for said, about in self.words if said != source}
        named = {end for about in left for end in (split_tie_id(about) or ())[1:3]}
        groups = [self.members(root) for root in set(self.into.values()) - self.into.keys()]
        is_plain = all(word in self.words for word in self.owners if word[0] != source)
        return is_plain and all(self.root(each[0]) in left and named & set(each) <= left for each in groups)

    def erase(self, source: str) -> None:
        """A party of which nothing is said stays under its id while a tie of another names it; merged away it goes."""
        before = self.parties()
        self.words = {word: said for word, said in self.words.items() if word[0] != source}
        self.owners = {word: said for word, said in self.owners.items() if word[0] != source}
        left = {about for _, about in self.words}
        gone = {party for party in self.into if party not in left}
        for party in list(self.into):
            while self.into[party] in gone:
                self.into[party] = self.into[self.into[party]]
        self.into = {party: other for party, other in self.into.items() if party not in gone}
        for party in left & self.parties().keys():
            said = [word for word in self.words if word[1] in self.members(party)]
            if [about for _, about in said] == [party]:
                # The id in place of a name becomes a word of the only one who is left to say anything.
                self.words[said[0]].fields.setdefault("name", party)
        for party in before.keys() - self.parties().keys():
            for other, about in list(self.words):
                if party in (split_tie_id(about) or ())[1:3]:
                    self.words[other, party] = Said({"name": party}, 0)


NAMES = st.sampled_from(["Ann", "Bo", "Cy"])
CITIES = st.none() | st.sampled_from(["Ulm", "Bonn"])
USERS = ("U1", "U2", "U3")
OWNERS = st.none() | st.sampled_from(USERS)


def machine(graph: graphcrm.Graph, wipe: Any) -> type[RuleBasedStateMachine]:
    """A state machine over one graph, which starts each run with it empty."""

    class Machine(RuleBasedStateMachine):
        def __init__(self) -> None:
            super().__init__()
            wipe()
            graph.touch()
            self.model = Model()
            graph.records.of("staff").upsert("users", [{"id": user, "name": user} for user in USERS])
            for party in PARTIES[:3]:
                self.say("crm", party, "Ann", None, "U1")
            for party in PARTIES[:2]:
                self.say("shop", party, "Bo", "Ulm", "U2")

        @rule(source=st.sampled_from(SOURCES), party=st.sampled_from(PARTIES), name=NAMES, city=CITIES, owner=OWNERS)
        def say(self, source: str, party: str, name: str, city: str | None, owner: str | None) -> None:
            row = {"id": party, "name": name} | ({"city": city} if city else {})
            records = graph.records.of(source)
            report = records.upsert("customers", [row | ({"owner_id": owner} if owner else {})])
            assert not report.rejected
            self.model.say(source, party, {key: value for key, value in row.items() if key != "id"})
            if owner:
                self.model.name_owner(source, party, owner)
                assert records.upsert("customers", [row | {"owner_id": owner}]).unchanged == 1

        @rule(
            source=st.sampled_from(SOURCES),
            ends=st.permutations(PARTIES),
            strength=st.none() | st.sampled_from([0.25, 0.5]),
        )
        def say_tie(self, source: str, ends: list[str], strength: float | None) -> None:
            row = {"type": "KNOWS", "kind": "friend", "source_id": ends[0], "target_id": ends[1]}
            row |= {"strength": strength} if strength else {}
            report = graph.records.of(source).upsert("ties", [row])
            there = self.model.parties()
            assert bool(report.rejected) == (not {self.model.root(end) for end in ends[:2]} <= there.keys())
            if not report.rejected:
                fields = {"kind": "friend"} | ({"strength": strength} if strength else {})
                self.model.say(source, tie_id("KNOWS", ends[0], ends[1], "friend"), fields)

        @precondition(lambda self: self.model.parties())
        @rule(data=st.data(), name=NAMES, city=CITIES, owner=OWNERS)
        def edit(self, data: st.DataObject, name: str, city: str | None, owner: str | None) -> None:
            party, shown = data.draw(st.sampled_from(sorted(self.model.parties().items())))
            graph.records.patch("customers", party, {"name": name, "city": city, "owner_id": owner})
            wanted = {"name": name, "city": city}
            changed = {key: value for key, value in wanted.items() if shown.get(key) != value}
            alone = [word for word in self.model.words if word[1] in self.model.members(party)] == [(HAND, party)]
            if changed:
                self.model.say(HAND, party, changed)
            if alone and (said := self.model.words.get((HAND, party))):
                # What only people wrote is replaced as a whole: a value taken out is not there.
                said.fields = {key: value for key, value in said.fields.items() if value is not None}
            if owner != self.model.owner(party):
                self.model.now += 1
                self.model.name_owner(HAND, party, owner)

        @precondition(lambda self: len(self.model.parties()) > 1)
        @rule(data=st.data())
        def merge(self, data: st.DataObject) -> None:
            gone, stays, *_ = data.draw(st.permutations(sorted(self.model.parties())))
            graph.merging.merge(gone, stays)
            self.model.into[gone] = stays

        @precondition(lambda self: self.model.into)
        @rule(data=st.data())
        def unmerge(self, data: st.DataObject) -> None:
            party = data.draw(st.sampled_from(sorted(self.model.into)))
            assert graph.merging.unmerge(party)["into"] == self.model.root(party)
            del self.model.into[party]

        @precondition(lambda self: self.model.parties())
        @rule(data=st.data())
        def delete(self, data: st.DataObject) -> None:
            party = data.draw(st.sampled_from(sorted(self.model.parties())))
            graph.records.delete("customers", party, detach=True)
            self.model.delete(party)

        @rule(source=st.sampled_from(SOURCES))
        def erase(self, source: str) -> None:
            if any(source == said for said, _ in self.model.words) and self.model.can_tell(source):
                graph.sources.erase(source)
                self.model.erase(source)

        @invariant()
        def the_graph_shows_what_the_model_does(self) -> None:
            self.model.forget_nobody()
            customers = graph.records.page("customers", limit=100).items
            shown = {
                each["id"]: {key: each[key] for key in ("name", "city") if each[key] is not None} for each in customers
            }
            assert shown == self.model.parties()
            owners = {each["id"]: each["owner_id"] for each in customers}
            assert owners == {party: self.model.owner(party) for party in shown}
            everything = graph.records.page("ties", limit=100).items
            owning = {each["id"] for each in everything if each["type"] == "OWNS"}
            assert owning == {tie_id("OWNS", user, party) for party, user in owners.items() if user}
            ties = [each for each in everything if each["type"] != "OWNS"]
            found = {
                each["id"]: {key: each[key] for key in ("kind", "strength") if each[key] is not None} for each in ties
            }
            assert found == self.model.ties()
            merged = {each["id"]: graph.merging.root(each["id"]) for each in graph.merging.all()}
            assert merged == {party: self.model.root(party) for party in self.model.into}

    return Machine


@pytest.mark.timeout(900)
def test_any_order_of_changes_agrees_with_the_model(graph: graphcrm.Graph, bare: Any) -> None:
    run_state_machine_as_test(
        lambda: machine(graph, bare.wipe)(),
        settings=settings(
            max_examples=12,
            stateful_step_count=15,
            deadline=None,
            suppress_health_check=list(HealthCheck),
            derandomize=True,
        ),
    )
