"""The words the sample business is made of: places, names, trades, goods and what people write about.

Every person's name comes with a Latin spelling, from which the e-mail address is made.
"""

from __future__ import annotations

from typing import Final, NamedTuple

__all__ = [
    "CAMPAIGNS",
    "CHANNELS",
    "CITIES",
    "GIVEN",
    "INDUSTRIES",
    "NAME_ORDER",
    "ORG_WORDS_EN",
    "ORG_WORDS_ZH",
    "PRODUCTS",
    "SUBJECTS",
    "SURNAMES",
    "TITLES",
    "City",
]


class City(NamedTuple):
    """A place where parties live: its name, country, the script names are written in and how phones look."""

    name: str
    country: str
    script: str
    phone: str
    weight: int


# Phone patterns: N stands for a drawn digit. Numbers are in E.164 and such as their country's plan has. Where it
# reserves some for fiction these are used (North America 555-01xx, Ofcom's drama ranges, ACMA's 5550). In mainland
# China and Ireland no such range counts as valid, so those are made up like any others. Elsewhere there are none.
CITIES: Final[tuple[City, ...]] = (
    City("上海", "CN", "zh", "+86219NNNNNNN", 12),
    City("北京", "CN", "zh", "+86109NNNNNNN", 10),
    City("深圳", "CN", "zh", "+867559NNNNNNN", 9),
    City("广州", "CN", "zh", "+86209NNNNNNN", 8),
    City("杭州", "CN", "zh", "+865719NNNNNNN", 7),
    City("成都", "CN", "zh", "+86289NNNNNNN", 7),
    City("武汉", "CN", "zh", "+86279NNNNNNN", 5),
    City("西安", "CN", "zh", "+86299NNNNNNN", 4),
    City("南京", "CN", "zh", "+86259NNNNNNN", 4),
    City("厦门", "CN", "zh", "+86592NNNNNNN", 3),
    City("London", "GB", "en", "+442079460NNN", 12),
    City("Manchester", "GB", "en", "+441614960NNN", 6),
    City("New York", "US", "en", "+121255501NN", 10),
    City("San Francisco", "US", "en", "+141555501NN", 8),
    City("Chicago", "US", "en", "+131255501NN", 6),
    City("Seattle", "US", "en", "+120655501NN", 5),
    City("Toronto", "CA", "en", "+141655501NN", 6),
    City("Vancouver", "CA", "en", "+160455501NN", 5),
    City("Sydney", "AU", "en", "+6125550NNNN", 6),
    City("Dublin", "IE", "en", "+353155NNNNN", 4),
    City("دبي", "AE", "ar", "", 2),
    City("Алматы", "KZ", "ru", "", 2),
    City("東京", "JP", "ja", "", 2),
    City("서울", "KR", "ko", "", 2),
)

Name = tuple[str, str]  # as written, in Latin letters


def _pairs(text: str) -> tuple[Name, ...]:
    """Read ``written/latin`` words separated by blanks."""
    return tuple((word.split("/")[0], word.split("/")[1]) for word in text.split())


def _plain(text: str) -> tuple[Name, ...]:
    """Read words that are already in Latin letters."""
    return tuple((word, "".join(c for c in word.lower() if c.isascii() and c.isalpha())) for word in text.split())


def _bars(text: str) -> tuple[str, ...]:
    """Read phrases separated by bars."""
    return tuple(text.split("|"))


SURNAMES: Final[dict[str, tuple[Name, ...]]] = {
    "zh": _pairs(
        "王/wang 李/li 张/zhang 刘/liu 陈/chen 杨/yang 黄/huang 赵/zhao 吴/wu 周/zhou 徐/xu "
        "孙/sun 马/ma 朱/zhu 胡/hu 郭/guo 何/he 林/lin 高/gao 罗/luo 郑/zheng 梁/liang 谢/xie "
        "宋/song 唐/tang 许/xu 邓/deng 冯/feng 韩/han 曹/cao 曾/zeng 彭/peng 萧/xiao 蔡/cai "
        "潘/pan 田/tian 董/dong 袁/yuan 于/yu 余/yu 叶/ye 蒋/jiang 杜/du 苏/su 魏/wei 程/cheng "
        "吕/lv 丁/ding 沈/shen 任/ren 姚/yao 卢/lu 傅/fu 钟/zhong 欧阳/ouyang 司马/sima "
        "诸葛/zhuge 上官/shangguan"
    ),
    "en": _plain(
        "Smith Jones Taylor Brown Williams Wilson Johnson Davies Robinson Wright Thompson Evans "
        "Walker White Roberts Green Hall Wood Jackson Clarke Patel Khan Lewis James Phillips "
        "Mason Mitchell Rose Davis Rodriguez Garcia Martinez Anderson Moore Martin Lee Perez "
        "Harris Clark Young Allen King Scott Torres Nguyen Hill Flores Adams Nelson Baker Rivera "
        "Campbell Carter O'Brien O'Neill McCarthy Byrne Kelly Murphy"
    ),
    "ar": _pairs("المنصوري/almansoori الهاشمي/alhashimi النعيمي/alnuaimi الكعبي/alkaabi الشامسي/alshamsi"),
    "ru": _pairs("Ахметов/akhmetov Иванов/ivanov Ким/kim Омаров/omarov Садыков/sadykov Петренко/petrenko"),
    "ja": _pairs("佐藤/sato 鈴木/suzuki 高橋/takahashi 田中/tanaka 伊藤/ito 渡辺/watanabe 山本/yamamoto"),
    "ko": _pairs("김/kim 이/lee 박/park 최/choi 정/jung 강/kang 조/cho 윤/yoon"),
}

GIVEN: Final[dict[str, tuple[Name, ...]]] = {
    "zh": _pairs(
        "伟/wei 芳/fang 娜/na 敏/min 静/jing 丽/li 强/qiang 磊/lei 军/jun 洋/yang 勇/yong 艳/yan "
        "杰/jie 涛/tao 明/ming 超/chao 霞/xia 平/ping 刚/gang 建华/jianhua 志强/zhiqiang "
        "秀英/xiuying 海燕/haiyan 晓明/xiaoming 雨桐/yutong 子涵/zihan 梓萱/zixuan 浩然/haoran "
        "欣怡/xinyi 诗涵/shihan 宇轩/yuxuan 思远/siyuan 嘉怡/jiayi 俊杰/junjie 文博/wenbo "
        "雅琪/yaqi 天宇/tianyu 若曦/ruoxi 一诺/yinuo 泽宇/zeyu 佳琪/jiaqi 丹/dan 慧/hui 宁/ning "
        "云/yun 鹏飞/pengfei 国庆/guoqing 春梅/chunmei 玉兰/yulan 振华/zhenhua 梦瑶/mengyao "
        "博文/bowen"
    ),
    "en": _plain(
        "Oliver Amelia George Isla Harry Ava Noah Mia Jack Grace Leo Freya Arthur Lily Oscar "
        "Emily Charlie Sophia Henry Ella Thomas Evie James Charlotte William Emma Liam Olivia "
        "Ethan Hannah Mason Zoe Logan Nora Lucas Chloe Daniel Ruby Samuel Alice Joseph Lucy "
        "David Sarah Adam Megan Peter Laura Simon Kate Patrick Aoife Conor Niamh Priya Arjun "
        "Fatima Omar Wei Mei Carlos Lucia"
    ),
    "ar": _pairs("محمد/mohammed فاطمة/fatima أحمد/ahmed مريم/mariam خالد/khalid نورة/noura سعيد/saeed"),
    "ru": _pairs("Айгуль/aigul Алексей/alexey Дана/dana Ерлан/yerlan Мария/maria Тимур/timur Ольга/olga"),
    "ja": _pairs("翔太/shota 美咲/misaki 健/ken 陽菜/hina 大輔/daisuke 由美/yumi 葵/aoi"),
    "ko": _pairs("민준/minjun 서연/seoyeon 지훈/jihoon 하은/haeun 현우/hyunwoo 수빈/subin 예진/yejin"),
}

# How a written name is put together; family name first where that is the custom.
NAME_ORDER: Final[dict[str, str]] = {
    "zh": "{family}{given}",
    "en": "{given} {family}",
    "ar": "{given} {family}",
    "ru": "{given} {family}",
    "ja": "{family} {given}",
    "ko": "{family}{given}",
}

INDUSTRIES: Final[tuple[tuple[str, str, str], ...]] = (
    ("hospitality", "Hotels", "酒店管理"),
    ("restaurants", "Kitchens", "餐饮"),
    ("retail", "Stores", "商贸"),
    ("education", "Academy", "教育科技"),
    ("healthcare", "Clinics", "医疗"),
    ("software", "Software", "软件"),
    ("design", "Studio", "设计"),
    ("logistics", "Logistics", "物流"),
    ("finance", "Partners", "投资咨询"),
    ("manufacturing", "Works", "制造"),
)

ORG_WORDS_EN: Final = _bars(
    "Blue Lantern|Silver Birch|Harbour|Northgate|Red Kite|Copper Kettle|Stonebridge|Willow|"
    "Bright Mile|Old Mill|Foxglove|Juniper|Larkfield|Millstone|Ninth Street|Orchard|Paper Crane|"
    "Quayside|Riverbend|Saltmarsh|Tall Pines|Upland|Violet Hour|Westwind|Yellow Door|Ashgrove|"
    "Beacon|Cedar|Driftwood|Elmwood"
)
ORG_WORDS_ZH: Final[tuple[Name, ...]] = _pairs(
    "云帆/yunfan 明德/mingde 华信/huaxin 瑞丰/ruifeng 天成/tiancheng 恒达/hengda 新源/xinyuan "
    "博雅/boya 金桥/jinqiao 东方/dongfang 星辰/xingchen 海纳/haina 宏图/hongtu 嘉禾/jiahe "
    "启明/qiming 长青/changqing 和润/herun 万象/wanxiang 中和/zhonghe 远航/yuanhang "
    "盛世/shengshi 百川/baichuan 青禾/qinghe 文渊/wenyuan"
)

TITLES: Final[dict[str, tuple[tuple[str, str], ...]]] = {
    "zh": (
        ("采购经理", "采购部"),
        ("总经理", "管理层"),
        ("行政主管", "行政部"),
        ("财务", "财务部"),
        ("销售", "销售部"),
    ),
    "en": (
        ("Buyer", "Purchasing"),
        ("Managing Director", "Management"),
        ("Office Manager", "Administration"),
        ("Accountant", "Finance"),
        ("Sales Representative", "Sales"),
        ("Engineer", "Operations"),
    ),
}


def _goods(category: str, text: str) -> tuple[tuple[str, str, int], ...]:
    """Read ``name=cents`` goods separated by bars."""
    return tuple((category, name, int(cents)) for name, cents in (entry.split("=") for entry in _bars(text)))


# Category, name, list price in US cents.
PRODUCTS: Final[tuple[tuple[str, str, int], ...]] = (
    *_goods(
        "tea",
        "龙井茶 Longjing=2400|铁观音 Tieguanyin=1950|普洱茶 Pu-erh Cake=3800|Earl Grey=1250|"
        "白毫银针 Silver Needle=4600|Jasmine Pearls=2150|English Breakfast=990|"
        "正山小种 Lapsang Souchong=1890|大红袍 Da Hong Pao=5200",
    ),
    *_goods(
        "coffee",
        "House Espresso=1490|Yirgacheffe=1890|云南小粒咖啡 Yunnan Arabica=1690|Decaf Blend=1590|"
        "Cold Brew Kit=2495|Sumatra Dark=1725|Single Estate Geisha=6990",
    ),
    *_goods(
        "ware",
        "紫砂壶 Yixing Teapot=8900|Glass Kettle=4550|盖碗 Gaiwan=2650|Espresso Cups=3200|"
        "Pour-over Dripper=2750|Travel Tumbler=2899|茶盘 Tea Tray=6400|Milk Jug=1875",
    ),
    *_goods(
        "machines",
        "Burr Grinder=15900|Espresso Machine=64900|Water Boiler=21900|Milk Frother=9900|Filter Brewer=28900",
    ),
    *_goods(
        "gifts",
        "中秋礼盒 Mid-Autumn Box=5900|新春礼盒 Spring Festival Box=6800|Tasting Set=3450|"
        "Holiday Hamper=7900|Gift Card=5000",
    ),
    *_goods(
        "services",
        "茶艺课 Tea Class=4500|Barista Course=18900|Machine Service=12500|Office Subscription=9900",
    ),
)

CHANNELS: Final[tuple[str, ...]] = ("word_of_mouth", "wechat", "email", "event", "social", "phone")

CAMPAIGNS: Final[tuple[tuple[str, str], ...]] = (
    ("新春茶礼 Spring Festival Gifts", "wechat"),
    ("Spring Tasting", "email"),
    ("明前龙井尝鲜 First Flush", "wechat"),
    ("Bring a Friend", "email"),
    ("端午雅集 Dragon Boat Salon", "event"),
    ("Summer Cold Brew", "social"),
    ("Office Subscription Trial", "phone"),
    ("中秋礼盒预订 Mid-Autumn Boxes", "wechat"),
    ("Back to the Office", "email"),
    ("双十一 Singles' Day", "social"),
    ("Holiday Hampers", "email"),
    ("老客户回访 Welcome Back", "phone"),
)

SUBJECTS: Final[dict[str, dict[str, tuple[str, ...]]]] = {
    "zh": {
        "call": ("询问新茶到货", "确认送货时间", "回访使用情况", "报价沟通"),
        "email": ("报价单", "活动邀请", "发票与对账", "新品介绍"),
        "meeting": ("年度采购洽谈", "样品品鉴", "合作方案讨论"),
        "visit": ("门店拜访", "设备巡检", "节日探望"),
        "social": ("朋友圈互动", "群聊推荐", "分享新茶心得"),
        "chat": ("咨询冲泡方法", "确认订单", "推荐给朋友"),
    },
    "en": {
        "call": ("New arrivals", "Delivery time", "How is the grinder?", "Quote follow-up"),
        "email": ("Quote", "Invitation to the tasting", "Invoice query", "New in the shop"),
        "meeting": ("Yearly order", "Sample tasting", "Working together"),
        "visit": ("Shop visit", "Machine check", "Season's greetings"),
        "social": ("Shared a post", "Recommended us", "Photo of the new set"),
        "chat": ("Brewing question", "Order check", "Tip for a friend"),
    },
}
