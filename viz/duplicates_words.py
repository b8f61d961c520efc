"""The words of the page of duplicates, in English and in Chinese; `viz.language` takes them up."""

from __future__ import annotations

from typing import Final

__all__ = ["DUPLICATES_WORDS"]

DUPLICATES_WORDS: Final[dict[str, tuple[str, str]]] = {
    # the page
    "duplicates": ("Duplicates", "重复记录"),
    "duplicates_hint": (
        "Parties that may be recorded more than once. What you decide is remembered and can be taken back.",
        "可能被重复记录的客户与联系人。您的决定会被记住，也可以撤销。",
    ),
    "find_duplicates": ("Search for duplicates", "查找重复记录"),
    "search_again": ("Search again", "重新查找"),
    "searching": ("Searching…", "正在查找…"),
    "searched": (
        "Last search: {at}, {parties} parties compared, {pairs} pairs found.",
        "上次查找：{at}，比较了 {parties} 个客户与联系人，找到 {pairs} 对。",
    ),
    "search_failed": ("The last search failed: {reason}", "上次查找失败：{reason}"),
    "never_searched": (
        "Nobody has searched yet. A search compares all parties with each other and takes up to half a minute.",
        "尚未查找过。查找会比较所有客户与联系人，最多需要半分钟。",
    ),
    "no_pairs": ("No pair is waiting for a decision.", "没有待处理的重复记录。"),
    "pair_of": ("{left} and {right}", "{left} 与 {right}"),
    "probability": ("{percent} probable", "可能性 {percent}"),
    "evidence": ("What speaks for and against it", "支持与反对的依据"),
    "compare": ("Field by field", "逐项比较"),
    "left": ("Left", "左"),
    "right": ("Right", "右"),
    "mark.same": ("same", "相同"),
    "mark.differs": ("differs", "不同"),
    "mark.one_side": ("only one has it", "仅一方有"),
    "field.sources": ("Sources", "来源"),
    "more_pairs": ("More pairs", "更多"),
    "first_pairs": ("Back to the first", "回到第一页"),
    # deciding
    "keep_left": ("Keep left", "保留左侧"),
    "keep_right": ("Keep right", "保留右侧"),
    "keep_left_hint": ("{right} becomes {left}", "{right} 并入 {left}"),
    "keep_right_hint": ("{left} becomes {right}", "{left} 并入 {right}"),
    "not_same": ("Not the same", "不是同一个"),
    "skip_pair": ("Skip", "跳过"),
    "undo": ("Undo", "撤销"),
    "duplicates_keys": (
        "Keys: 1 keep left, 2 keep right, N not the same, S skip, U undo, J and K next and previous.",
        "快捷键：1 保留左侧，2 保留右侧，N 不是同一个，S 跳过，U 撤销，J/K 下一对/上一对。",
    ),
    "was_merged": ("{gone} is {stays} now.", "{gone} 已并入 {stays}。"),
    "was_told_apart": ("{left} and {right} are not the same.", "{left} 与 {right} 不是同一个。"),
    "was_skipped": ("{left} and {right} are left for later.", "{left} 与 {right} 已留待以后处理。"),
    "was_undone": (
        "Taken back: {left} and {right} wait for a decision again.",
        "已撤销：{left} 与 {right} 重新待处理。",
    ),
    "not_done": ("Not done: {reason}", "未完成：{reason}"),
    # evidence
    "field.given_name": ("Given name", "名"),
    "field.surname": ("Surname", "姓"),
    "field.name_suffix": ("Name suffix", "姓名后缀"),
    "field.national_id": ("National id", "证件号码"),
    "field.company": ("Company", "公司名称"),
    "field.legal_form": ("Legal form", "公司形式"),
    "level.equal": ("equal", "相同"),
    "level.first and last swapped": ("first and last swapped", "姓与名互换"),
    "level.first and last nearly swapped": ("first and last nearly swapped", "姓与名近似互换"),
    "level.similar": ("similar", "相似"),
    "level.a little similar": ("a little similar", "略为相似"),
    "level.differs": ("differs", "不同"),
    "level.nearly equal": ("nearly equal", "几乎相同"),
    "level.same area": ("same area", "同一地区"),
    "level.one digit or the order differs": ("one digit or the order differs", "一位数字或顺序不同"),
    "level.two parts of three equal": ("two parts of three equal", "三部分中两部分相同"),
    "level.one digit differs": ("one digit differs", "一位数字不同"),
    "level.equal, a mailbox of a post": ("equal, a mailbox of a post", "相同（公共邮箱）"),
    "level.equal, with another given name": ("equal, with another given name", "相同（但名不同）"),
    "level.equal, at the same address": ("equal, at the same address", "相同（且住址相同）"),
}
"""By key: English, Chinese, as in `viz.language.WORDS`."""
