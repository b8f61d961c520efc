"""What a column may hold, told from its name and its values."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from graphcrm.intake.recognition import column_key

__all__ = ["Column", "date_formats", "is_named", "looks_like", "number_mark"]

_ENOUGH: Final = 0.9
"""The share of values that must agree."""

_WORDS: Final = """
id: id key code no number nr nummer uuid guid customerid customerno customernumber kundennummer kundennr
    clientid contactid userid accountid recordid memberid 编号 客户编号 客户id 序号 会员号 唯一性id
name: name fullname displayname customername contactname accountname nom nombre productname
    姓名 名称 客户名称 客户姓名 联系人
first: firstname givenname vorname forename prenom nombrepila 名
last: lastname surname familyname nachname nomdefamille apellido 姓
company: company companyname organization organisation firma firmenname account employer unternehmen 公司 公司名称 单位
    firmenbezeichnung
email: email emailaddress mail emailadresse correo 邮箱 电子邮箱 邮件 电子邮件
phone: phone phonenumber telephone tel telefon mobile mobilephone cell handy mobil telefono 电话 手机 手机号 联系电话
country: country countrycode countryregion land pays pais billingcountry 国家 国家地区
city: city town ort stadt ville ciudad billingcity 城市 市
address: address street strasse straße adresse anschrift addressline1 billingstreet direccion 地址 详细地址
website: website web url homepage webpage 网址 官网
industry: industry sector branche 行业 所属行业
language: language sprache lang idioma 语言
title: title jobtitle position role funktion 职务 职位
department: department abteilung 部门
birth_date: birthdate birthday dateofbirth dob geburtsdatum geburtstag 生日 出生日期
created_at: createdat created createddate createdate createdtime creationdate since seit angelegt registered
    signupdate dtcustomer joined 创建时间 创建日期 注册时间
notes: notes note comment comments description bemerkung bemerkungen notiz 备注 说明
tags: tags labels categories schlagworte 标签
at: date time datetime timestamp orderdate invoicedate purchasedate saledate datum bestelldatum
    日期 时间 下单时间 订单时间
amount: amount total totalamount price value sum revenue betrag summe ordertotal 金额 总额 订单金额
currency: currency currencycode currencyisocode waehrung währung 币种 货币
status: status state stage 状态
order: orderid orderno ordernumber invoiceno invoice invoiceid bestellnummer 订单号 订单编号 发票号
customer: customerid customer clientid client kundennummer kunde buyerid 客户编号 客户 买家
product: productid sku productcode itemid articlenumber artikelnummer stockcode 商品编号 产品编号
price: unitprice price listprice preis 单价 价格
category: category group kategorie 类别 分类
national_id: nationalid nationalidnumber socsecid socialsecuritynumber ssn personnummer 身份证号 身份证号码
street: address1 streetname strassenname
street_number: streetnumber housenumber streetno hausnummer
suburb: suburb district ortsteil 区
postcode: postcode postalcode zip zipcode plz 邮编 邮政编码
state: state province region bundesland 省 省份
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
"""Names of columns by what they hold, without case, blanks and signs."""

_EMAIL: Final = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+")
_PHONE: Final = re.compile(r"(?=.*[\s()/+-]|0)[+(]{0,2}\d[\d\s()/.-]{5,}\d")
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
)
_CLOCKS: Final = ("", " %H:%M", " %H:%M:%S", " %I:%M %p", ", %I:%M %p")


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


def is_named(column: Column, what: str) -> bool:
    """Whether a column's name says what it holds.

    Examples
    --------
    >>> is_named(Column("E-Mail Address", (), 0), "email"), is_named(Column("Fax", (), 0), "email")
    (True, False)
    """
    return column_key(column.name) in NAMES[what]


def looks_like(column: Column, what: str) -> bool:
    """Whether nearly all values are e-mails, telephone numbers, websites, countries, currencies or days."""
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
