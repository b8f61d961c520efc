"""What a column may hold, told from its name and its values."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Final

from graphcrm.intake.recognition import column_key

__all__ = ["Column", "date_formats", "is_named", "looks_like", "number_mark"]

_ENOUGH: Final = 0.9
"""The share of values that must agree."""

_WORDS: Final = """
id: id key code no number nr nummer uuid guid leid euid customerid customerno customernumber kundennummer kundennr
    clientid contactid userid accountid recordid memberid 编号 编码 客户编号 客户编码 客户id 序号 会员号 唯一性id
name: name fullname displayname customername contactname accountname nom nombre recipient recipientname 姓名 名称
    客户名称 客户姓名 联系人 收货人 收货人提货人 氏名 名前 이름 고객명 имя фио
first: firstname givenname vorname forename prenom prénom nombrepila 名
last: lastname surname familyname nachname nomdefamille apellido 姓
company: company companyname organization organisation firma firmenname account employer unternehmen accounts
    entreprise société empresa 公司 公司名称 企业 单位 会社名 firmenbezeichnung
email: email emails emailaddress mail emailadresse correo courriel useremail 邮箱 电子邮箱 邮件 电子邮件
phone: mobile mobilephone phone phonenumber telephone tel telefon work sms cell handy mobil telefono téléphone
    收货人手机号提货人手机号 电话 手机 手机号 联系电话 電話番号 전화번호 телефон
country: country countrycode countryregion land pays pais billingcountry 国家 国家地区
city: city town locality ort stadt ville ciudad billingcity 城市 市
address: address street addressline streetaddress streetaddressline1 strasse straße adresse anschrift addressline1
    billingstreet direccion 地址 详细地址
website: website web url homepage webpage websiteurl 网址 官网
industry: industry sector branche 行业 所属行业
language: language sprache lang idioma 语言
title: title jobtitle position role funktion 职务 职位
department: department abteilung 部门
birth_date: birthdate bday birthday dateofbirth dob geburtsdatum geburtstag 生日 出生日期
created_at: createdat created createddate createdate createdtime creationdate datecreated dateadded addedtime
    customersince createdon userregistered profilecreatedon connectedon signupdate added since seit angelegt
    registered dtcustomer joined dateadd registrationdate 创建时间 创建日期 注册时间 添加时间 发展日期
notes: notes note comment comments description memo bemerkung bemerkungen notiz 备注 说明
tags: tags labels categories schlagworte 标签
at: orderdate date datetime timestamp time orderpurchasetimestamp orderedat transactiondate invoicedate
    purchasedate saledate datum bestelldatum 日期 时间 下单时间 订单时间 订单日期
amount: amount total totalamount grandtotal gross sales value sum revenue price betrag summe ordertotal 金额 总额
    订单金额 订单实付金额 实付金额
currency: currency currencycode currencyisocode waehrung währung 币种 货币
status: status orderstatus financialstatus state stage 状态 订单状态
order: orderid orderno ordernumber transactionid invoiceno invoice invoiceid bestellnummer 订单号 订单编号 发票号
customer: customerid customerno customernumber customer clientid client kundennummer kunde buyerid 客户编号 客户
    买家
product: productid sku lineitemsku productcode itemid articlenumber artikelnummer stockcode 商品编号 产品编号
    商品编码
price: unitprice lineitemprice price listprice preis 单价 价格
category: category productcategory group kategorie 类别 分类
national_id: nationalid nationalidnumber socsecid socialsecuritynumber ssn personnummer 身份证号 身份证号码
street: address1 streetname strassenname
street_number: streetnumber housenumber streetno hausnummer
suburb: suburb district ortsteil 区
postcode: postcode postalcode zip zipcode zipcodeprefix plz 邮编 邮政编码
quantity: quantity qty lineitemquantity units menge anzahl cantidad quantité 数量 商品数量
product_name: productname lineitemname itemname product item artikel description 商品名称 产品名称
discount: discount rabatt 折扣
state: state province region bundesland 省 省份
stage: stage dealstage salesstage phase 阶段 销售阶段
deal_name: dealname title opportunityname 商机名称
close_on: closedate closingdate expectedclosedate closeon 预计成交日期
whose: person persons contact contacts customer client user buyer deal organization organisation account company
    default address billing primary main business work office home mailing from profile lead member subscriber 1
which: work home mobile main primary utc other business 1 value
"""


def _read_words() -> dict[str, frozenset[str]]:
    found: dict[str, list[str]] = {}
    for line in _WORDS.split("\n"):
        what, colon, names = line.partition(":")
        if colon:
            found[what] = []
        if line:
            found[list(found)[-1]] += (names if colon else line).split()
    return {what: frozenset(names) for what, names in found.items()}


NAMES: Final = _read_words()
"""Names of columns by what they hold, without case, blanks and signs; and words that stand around them."""

_MOST_WORDS: Final = 6
_EMAIL: Final = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+")
_PHONE: Final = re.compile(r"(?=.*[\s()/+-]|0)[+(]{0,2}\d[\d\s()/.-]{5,}\d")
_YES_OR_NO: Final = ("yes", "no", "y", "n", "true", "false")
_URL: Final = re.compile(r"(https?://|www\.)\S+", re.IGNORECASE)
_NUMBER: Final = {
    ".": re.compile(r"[^\d(+-]{0,4}[(+-]?\d{1,3}(,?\d{3})*(\.\d+)?\)?[^\d]{0,4}"),
    ",": re.compile(r"[^\d(+-]{0,4}[(+-]?\d{1,3}([. ]?\d{3})*(,\d+)?\)?[^\d]{0,4}"),
}
_DAYS: Final = (
    "%Y%m%d",
    "%Y/%m/%d",
    "%d.%m.%Y",
    "%d/%m/%Y",
    "%m/%d/%Y",
    "%d-%m-%Y",
    "%m-%d-%Y",
    "%Y年%m月%d日",
    "%d.%m.%y",
    "%d/%m/%y",
    "%m/%d/%y",
    "%d %b %Y",
    "%d-%b-%Y",
    "%d-%b-%y",
    "%b %d, %Y",
    "%d %B %Y",
    "%B %d, %Y",
)
_CLOCKS: Final = ("", " %H:%M", " %H:%M:%S", " %H:%M:%S %z", " %I:%M %p", " %I:%M:%S %p", ", %I:%M %p", " %H:%M:%S UTC")


@dataclass(frozen=True, slots=True)
class Column:
    """A column: its name, and the values that are not empty in the rows that were looked at."""

    name: str
    values: tuple[str, ...]
    rows: int

    @property
    def is_unique(self) -> bool:
        """Whether each row has a value, and none has another's."""
        return len(self.values) == self.rows == len(set(self.values)) > 0

    def share(self, test: Callable[[str], object]) -> float:
        """The share of the values that pass a test; 0 where there are none."""
        return sum(bool(test(value)) for value in self.values) / len(self.values) if self.values else 0.0


def is_named(column: Column, what: str, *, loosely: bool = False) -> bool:
    """Whether a column's name says what it holds.

    Parameters
    ----------
    column : Column
        The column.
    what : str
        What it may hold, a key of `NAMES`.
    loosely : bool
        Whether words around the name count for nothing: whose it is, which of several, what it is in.

    Examples
    --------
    >>> is_named(Column("E-Mail Address", (), 0), "email"), is_named(Column("Fax", (), 0), "email")
    (True, False)
    >>> is_named(Column("Person - Email - Work", (), 0), "email", loosely=True)
    True
    """
    if not loosely:
        return column_key(column.name) in NAMES[what]
    return any(key in NAMES[what] for key in _reduced(column.name))


@lru_cache(10_000)
def _reduced(name: str) -> tuple[str, ...]:
    """The keys of a name without what stands in brackets, and without each number of words before and behind."""
    words = [word for word in re.split(r"[\W_]+|(?<=[a-z])(?=[A-Z])", re.sub(r"\([^)]*\)", "", name).strip()) if word]
    keys = []
    for begin in range(min(len(words), _MOST_WORDS)):
        if begin and words[begin - 1].casefold() not in NAMES["whose"]:
            break
        for end in range(len(words), begin, -1):
            if end < len(words) and words[end].casefold() not in NAMES["which"]:
                break
            keys.append(column_key("".join(words[begin:end])))
    return tuple(keys)


def looks_like(column: Column, what: str) -> bool:
    """Whether nearly all values are e-mails, telephone numbers, websites, countries, currencies or days."""
    if what == "country" and column.share(lambda value: value.casefold() in _YES_OR_NO) > 1 - _ENOUGH:
        return False  # "no" is Norway's code
    if what in ("country", "currency"):
        from graphcrm.cleaning.codes import clean_country, clean_currency

        clean = clean_country if what == "country" else clean_currency
        return column.share(lambda value: not clean(value).flag) >= _ENOUGH
    if what == "day":
        return column.share(lambda value: len(date_formats([value])) == 1) >= _ENOUGH
    form = {"email": _EMAIL, "phone": _PHONE, "website": _URL}[what]
    if what == "phone" and date_formats(column.values):
        return False
    return column.share(form.fullmatch) >= _ENOUGH


def number_mark(column: Column) -> str | None:
    """The decimal mark with which all values are numbers; None where they are none, the point where both would do."""
    return next((mark for mark, form in _NUMBER.items() if column.values and column.share(form.fullmatch) == 1), None)


def date_formats(values: Iterable[str]) -> Sequence[str]:
    """The formats in which all values are dates: ``iso``, or of `datetime.strptime`; several where they are ambiguous.

    Examples
    --------
    >>> list(date_formats(["31.12.2024", "01.02.2025"]))
    ['%d.%m.%Y']
    >>> list(date_formats(["01/02/2025"]))
    ['%d/%m/%Y', '%m/%d/%Y']
    """
    values = list(dict.fromkeys(values))
    if not values:
        return []
    if all(_reads(value, None) for value in values) and not all(value.isdigit() for value in values):
        return ["iso"]
    return [form for day in _DAYS for clock in _CLOCKS if _read_all(values, form := day + clock)]


def _read_all(values: Sequence[str], form: str) -> bool:
    return all(_reads(value, form) for value in values)


def _reads(value: str, form: str | None) -> bool:
    try:
        datetime.fromisoformat(value) if form is None else datetime.strptime(value, form)
    except ValueError:
        return False
    return True
