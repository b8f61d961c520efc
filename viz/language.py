"""The words of the interface, in English and in Chinese, and which of the two a reader gets."""

from __future__ import annotations

from typing import Final, Literal

from viz.archive_words import ARCHIVE_WORDS
from viz.data_words import DATA_WORDS
from viz.duplicates_words import DUPLICATES_WORDS

__all__ = ["LANGUAGES", "WORDS", "Language", "choose_language", "field_word", "script_words", "text", "word"]

Language = Literal["en", "zh"]

LANGUAGES: Final[tuple[Language, ...]] = ("en", "zh")

WORDS: Final[dict[str, tuple[str, str]]] = {
    # the frame of every page
    "skip": ("Skip to the content", "跳到正文"),
    "language": ("Language", "语言"),
    "home": ("Start", "首页"),
    "api_docs": ("API", "接口文档"),
    "log_out": ("Log out", "退出登录"),
    "tagline": (
        "Who moves your customers, and by which path you reach them.",
        "看清谁在影响客户，以及经由谁找到客户。",
    ),
    # search
    "search": ("Search", "搜索"),
    "search_label": ("Find a customer or a contact", "查找客户或联系人"),
    "search_hint": ("Name, e-mail, phone or id", "姓名、邮箱、电话或编号"),
    "search_results": ("Results for “{q}”", "“{q}”的搜索结果"),
    "search_none": (
        "Nothing matches “{q}”. Try a part of the name, an e-mail address or an id.",
        "没有找到“{q}”。请试试姓名的一部分、邮箱地址或编号。",
    ),
    "search_more": ("Only the first {n} are shown. Type more of the name.", "仅显示前 {n} 条，请输入更多字符。"),
    "matched": ("Matched", "匹配项"),
    "suggestions": ("{n} suggestions", "{n} 条建议"),
    "suggestions.one": ("1 suggestion", "1 条建议"),
    # the start page
    "influencers": ("Key influencers", "关键影响者"),
    "influencers_hint": (
        "Ten parties of {parties}, by {metric}, as of {day}.",
        "共 {parties} 个客户与联系人，按“{metric}”排出前十名，截至 {day}。",
    ),
    "measure": ("Measure", "指标"),
    "show": ("Show", "查看"),
    "rank": ("Rank", "名次"),
    "name": ("Name", "名称"),
    "score": ("Score", "得分"),
    "reason": ("Why", "理由"),
    "map": ("Map", "图谱"),
    "map_of": ("Relationship map of {name}", "{name}的关系图谱"),
    "parties": ("Parties", "客户与联系人"),
    "ties": ("Ties", "关系"),
    "engine": ("Engine", "数据库引擎"),
    "revision": ("Revision", "数据版本"),
    "engine.embedded": ("embedded", "内置引擎"),
    "engine.neo4j": ("Neo4j", "Neo4j"),
    "empty_title": ("Nothing here yet", "还没有数据"),
    "empty_text": (
        "Bring in your own customers and the ties between them, or look around in a sample company first:",
        "请导入自己的客户及其关系，或者先看看示例公司：",
    ),
    "no_ties_yet": (
        "Nobody knows, works with, writes to or referred anybody here yet, so nobody can be ranked.",
        "目前还没有任何关系（相识、同事、往来或推荐），因此无法排名。",
    ),
    "empty_import": ("your own CSV files", "自己的 CSV 文件"),
    "empty_demo": ("a sample company of 3,000 parties", "有 3,000 个客户与联系人的示例公司"),
    # measures
    "metric.degree": ("number of ties", "关系数"),
    "metric.strength": ("sum of strengths", "关系强度之和"),
    "metric.pagerank": ("PageRank", "PageRank"),
    "metric.betweenness": ("betweenness", "中介中心性"),
    "metric.closeness": ("closeness", "接近中心性"),
    "metric.harmonic": ("harmonic closeness", "调和中心性"),
    "metric.eigenvector": ("eigenvector", "特征向量中心性"),
    "metric.katz": ("Katz", "Katz 中心性"),
    "metric.hits": ("HITS authority", "HITS 权威值"),
    "metric.core_number": ("core number", "核数"),
    # the map
    "within": (
        "Parties: {parties}, ties: {ties}, within {hops} hops",
        "{hops} 层以内：{parties} 个节点，{ties} 条关系",
    ),
    "within.one": ("Parties: {parties}, ties: {ties}, within one hop", "一层以内：{parties} 个节点，{ties} 条关系"),
    "truncated": (
        "Not all of it: these {parties} are the nearest and strongest, and there are more.",
        "并非全部：仅显示最近、关系最强的 {parties} 个节点，还有更多。",
    ),
    "alone": ("No ties in the chosen layers.", "在所选层中没有关系。"),
    "hops": ("Hops", "层数"),
    "layers": ("Layers", "关系层"),
    "limit": ("At most", "最多"),
    "apply": ("Apply", "应用"),
    "legend": ("Legend", "图例"),
    "thin_thick": ("the thicker, the stronger", "线越粗，关系越强"),
    "details": ("Details", "详情"),
    "as_table": ("The same as tables", "以表格查看"),
    "parties_table": ("Parties on the map", "图中的节点"),
    "ties_table": ("Ties on the map", "图中的关系"),
    "open_map": ("Open the map of this party", "打开该节点的图谱"),
    "back_to_list": ("Back to the start page", "返回首页"),
    "zoom_in": ("Zoom in", "放大"),
    "zoom_out": ("Zoom out", "缩小"),
    "fit": ("Show all", "显示全部"),
    "map_frame": (
        "Relationship map of {name}. Arrow keys walk from party to party, Enter opens a party's own map, plus and "
        "minus zoom, 0 shows all, Escape lets go. The same data follow as tables.",
        "{name}的关系图谱。方向键在节点之间移动，回车键打开该节点的图谱，加号和减号缩放，0 显示全部，Esc 取消选择。"
        "下方有相同数据的表格。",
    ),
    "keys_hint": (
        "Drag to move, scroll to zoom, click for details; or use the arrow keys.",
        "拖动可移动，滚轮可缩放，点击看详情，也可使用方向键。",
    ),
    "chosen": ("{name}, {label}, {ties} ties on this map", "{name}，{label}，图中有 {ties} 条关系"),
    "chosen.one": ("{name}, {label}, 1 tie on this map", "{name}，{label}，图中有 1 条关系"),
    "let_go": ("Nothing chosen", "未选择"),
    "all_shown": ("All of the map is in view", "已显示全图"),
    "no_script": (
        "The drawing needs JavaScript; the tables below hold the same data.",
        "绘图需要 JavaScript；下方表格包含相同的数据。",
    ),
    "file_note": (
        "Drawn by graphcrm from revision {revision}, as of {day}.",
        "由 graphcrm 依据数据版本 {revision} 绘制，截至 {day}。",
    ),
    "its_ties": ("Its ties, strongest first", "其关系（由强到弱）"),
    "more_ties": ("and {n} more, in the table below", "另有 {n} 条，见下方表格"),
    # why a tie is as strong as it is
    "tie_of": ("Why {source} is tied to {target}", "{source}与{target}的关系强度由来"),
    "why_tie_to": ("{strength}: why the tie to {name} is so strong", "{strength}：与{name}的关系强度由来"),
    "contributes": ("Contributes", "贡献"),
    "part_of": ("{part} of {whole}", "{part}（合计 {whole}）"),
    "said_by": ("Said by", "来源"),
    "said_by_nobody": ("no source of graphcrm's", "无已知来源"),
    "made.stated": ("stated as {unfaded}", "按填写的 {unfaded}"),
    "made.counted": ("{unfaded} for {n} contacts", "{n} 次接触计为 {unfaded}"),
    "made.counted.one": ("{unfaded} for 1 contact", "1 次接触计为 {unfaded}"),
    "made.default": ("{unfaded} as is usual for its kind", "按类别默认为 {unfaded}"),
    "and_then": (", ", "，"),
    "made.faded": ("faded since {day}", "自 {day} 起衰减"),
    "tie_hint": (
        "Parallel ties join to one strength; what each contributes adds up to it. Both directions are two questions.",
        "平行的关系合成一个强度，各项贡献之和等于它。两个方向须分别查看。",
    ),
    "no_tie": (
        "No tie leads from {source} to {target} in the chosen layers. Ask the other way round, or choose more layers.",
        "在所选层中，没有从{source}到{target}的关系。请试试反方向，或选择更多关系层。",
    ),
    "back_to": ("Back to {name}", "返回{name}"),
    # facts of parties and ties
    "id": ("Id", "编号"),
    "label": ("Kind of record", "记录类型"),
    "hop": ("Hops away", "距中心层数"),
    "way": ("Strength of the best way", "最佳路径强度"),
    "kind": ("Kind", "类别"),
    "type": ("Type", "关系类型"),
    "layer": ("Layer", "关系层"),
    "source": ("From", "起点"),
    "target": ("To", "终点"),
    "strength": ("Strength", "强度"),
    "at": ("Date", "日期"),
    "count": ("Contacts seen", "接触次数"),
    "since": ("Since", "开始于"),
    "until": ("Until", "结束于"),
    "title": ("Title", "职务"),
    "department": ("Department", "部门"),
    "email": ("E-mail", "邮箱"),
    "phone": ("Phone", "电话"),
    "country": ("Country", "国家"),
    "city": ("City", "城市"),
    "field.created_at.Contact": ("Known since", "建档时间"),
    # labels, layers, types and kinds
    "label.Customer": ("Customer", "客户"),
    "label.Contact": ("Contact", "联系人"),
    "label.Interaction": ("Interaction", "互动"),
    "label.Campaign": ("Campaign", "营销活动"),
    "label.Order": ("Order", "订单"),
    "label.Product": ("Product", "产品"),
    "label.Opportunity": ("Opportunity", "商机"),
    "label.Case": ("Case", "服务单"),
    "label.Feedback": ("Feedback", "反馈"),
    "label.Consent": ("Consent", "授权"),
    "label.Segment": ("Segment", "客户分群"),
    "label.Task": ("Task", "任务"),
    "label.User": ("Staff", "员工"),
    "label.Source": ("Source", "数据来源"),
    "label.Record": ("Source record", "来源记录"),
    "label.other": ("Other", "其他"),
    "layer.referral": ("referral", "转介绍"),
    "layer.knows": ("acquaintance", "相识"),
    "layer.works_with": ("workplace", "同事与任职"),
    "layer.interaction": ("interaction", "互动"),
    "layer.other": ("other", "其他"),
    "type.REFERRED": ("referred", "转介绍"),
    "type.KNOWS": ("knows", "认识"),
    "type.WORKS_AT": ("works at", "任职于"),
    "type.SUBSIDIARY_OF": ("is a subsidiary of", "隶属于"),
    "type.INTERACTED_WITH": ("was in touch with", "有互动"),
    "kind.person": ("person", "个人"),
    "kind.organization": ("organization", "企业"),
    "kind.family": ("family", "家人"),
    "kind.friend": ("friend", "朋友"),
    "kind.colleague": ("colleague", "同事"),
    "kind.partner": ("partner", "合作伙伴"),
    "kind.adviser": ("adviser", "顾问"),
    "kind.other": ("other", "其他"),
    # logging in
    "login": ("Log in", "登录"),
    "login_text": (
        "This service asks for a token. Whoever runs it makes one with the command below and gives it to you once.",
        "本服务需要访问令牌。管理员用以下命令生成令牌，并只显示一次。",
    ),
    "token": ("Token", "访问令牌"),
    "login_wrong": (
        "That token is not valid, or was revoked. Check that all of it was copied.",
        "令牌无效或已被撤销，请检查是否复制完整。",
    ),
    "login_open": (
        "No token exists yet, so everything is open on this machine and there is nothing to log in to.",
        "尚未创建令牌，本机可直接访问，无需登录。",
    ),
    "logged_in": ("You are logged in.", "您已登录。"),
    # when something is wrong
    "error.404": ("Not found", "未找到"),
    "error.404_text": (
        "There is no such page or party. It may have been deleted, or the id may be misspelt.",
        "没有该页面或节点，可能已被删除，或编号有误。",
    ),
    "error.403": ("Not allowed", "无权访问"),
    "error.403_text": ("Your token's role does not allow this.", "您的令牌无此权限。"),
    "error.422": ("That cannot be shown", "无法显示"),
    "error.422_text": ("A value in the address breaks a rule:", "地址中的参数不符合规则："),
    "error.503": ("The database cannot be reached", "无法连接数据库"),
    "error.503_text": (
        "Nothing is lost. The page will work again as soon as the database answers: try again in a moment. "
        "“graphcrm status” in a terminal says more.",
        "数据没有丢失。数据库恢复后页面即可使用，请稍后重试。在终端运行“graphcrm status”可了解详情。",
    ),
    "error.500": ("Something went wrong", "出错了"),
    "error.500_text": ("This is a fault of the service. Its log says more.", "服务出现故障，详情请查看日志。"),
    "try_again": ("Try again", "重试"),
    "docs_title": ("API documentation", "接口文档"),
    **ARCHIVE_WORDS,
    **DUPLICATES_WORDS,
    **DATA_WORDS,
}
"""By key: English, Chinese. ``<key>.one`` is the form for a count of one."""

SCRIPT_KEYS: Final = (
    "all_shown",
    "back_to",
    "blank",
    "cancelling",
    "chosen",
    "chosen.one",
    "its_ties",
    "let_go",
    "lines",
    "lines.one",
    "more_ties",
    "no_answer",
    "not_done",
    "not_saved",
    "open_map",
    "searching",
    "sending",
    "suggestions",
    "suggestions.one",
    "theirs",
    "undo",
    "was_erased",
    "was_merged",
    "was_skipped",
    "was_told_apart",
    "was_undone",
    "why_tie_to",
    "wrong_field",
    "yours",
)
"""Keys of what the scripts of the pages say."""


def text(language: Language, key: str, **values: object) -> str:
    """A sentence of the interface.

    Parameters
    ----------
    language : {"en", "zh"}
        Which language.
    key : str
        A key of `WORDS`.
    **values : object
        What fills the places in braces. Whole numbers get separators; a `count` of one chooses ``<key>.one``.

    Returns
    -------
    str
        Plain text, not yet escaped.

    Raises
    ------
    KeyError
        No such key.

    Examples
    --------
    >>> text("en", "suggestions", n=1200)
    '1,200 suggestions'
    >>> text("zh", "suggestions", n=3)
    '3 条建议'
    """
    if values.get("count") == 1 and f"{key}.one" in WORDS:
        key = f"{key}.one"
    shown = {name: f"{value:,}" if type(value) is int else value for name, value in values.items()}
    return WORDS[key][LANGUAGES.index(language)].format(**shown) if shown else WORDS[key][LANGUAGES.index(language)]


def word(language: Language, group: str, name: str) -> str:
    """The term for a name of the vocabulary, or the name itself where there is none.

    Examples
    --------
    >>> word("zh", "label", "Customer")
    '客户'
    >>> word("en", "kind", "godparent")
    'godparent'
    """
    return text(language, f"{group}.{name}") if f"{group}.{name}" in WORDS else name


def field_word(language: Language, label: str | None, name: str) -> str:
    """What a field is called in records of a label: the same name can say something else of customers and of contacts.

    Examples
    --------
    >>> field_word("en", "Customer", "created_at"), field_word("en", "Contact", "created_at")
    ('Customer since', 'Known since')
    """
    own = f"field.{name}.{label}"
    return text(language, own) if own in WORDS else word(language, "field", name)


def script_words(language: Language) -> dict[str, str]:
    """What the scripts of the pages say, by key; places in braces are left for them to fill."""
    return {key: WORDS[key][LANGUAGES.index(language)] for key in SCRIPT_KEYS}


def choose_language(accept_language: str | None, explicit: str | None = None) -> Language:
    """Which language a reader gets: the one asked for, else the first of the browser's that there is, else English.

    Parameters
    ----------
    accept_language : str or None
        The header of that name (RFC 9110, 12.5.4).
    explicit : str, optional
        What the reader chose; anything but a language of `LANGUAGES` is ignored.

    Returns
    -------
    {"en", "zh"}
        Of equal weights the first named wins.

    Examples
    --------
    >>> choose_language("fr, zh-CN;q=0.9, en;q=0.8")
    'zh'
    >>> choose_language("zh", explicit="en")
    'en'
    """
    if explicit in LANGUAGES:
        return explicit
    best: tuple[float, Language] = (0.0, "en")
    for part in (accept_language or "").split(","):
        tag, *parameters = (piece.strip().lower() for piece in part.split(";"))
        known = next((language for language in LANGUAGES if tag.split("-")[0] == language), None)
        weight = _weight(parameters)
        if known is not None and weight > best[0]:
            best = (weight, known)
    return best[1]


def _weight(parameters: list[str]) -> float:
    for parameter in parameters:
        if parameter.startswith("q="):
            try:
                return min(max(float(parameter[2:]), 0.0), 1.0)
            except ValueError:
                return 0.0
    return 1.0
