"""Names of people and companies, Chinese names, and addresses."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

from graphcrm.cleaning.addresses import address_key
from graphcrm.cleaning.chinese import is_chinese, pinyin, split_chinese
from graphcrm.cleaning.companies import is_company, split_company
from graphcrm.cleaning.legal_forms import legal_form
from graphcrm.cleaning.people import split_person

# ---- people ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "given", "family", "honorifics", "suffix"),
    [
        ("Anna Müller", "Anna", "Müller", "", ""),
        ("Anna Maria Müller", "Anna Maria", "Müller", "", ""),
        ("Müller, Anna", "Anna", "Müller", "", ""),
        ("MÜLLER, ANNA", "ANNA", "MÜLLER", "", ""),
        ("Dr. Anna Müller", "Anna", "Müller", "Dr.", ""),
        ("Prof. Dr. Anna Müller", "Anna", "Müller", "Prof. Dr.", ""),
        ("Herr Dr. Hans Müller", "Hans", "Müller", "Herr Dr.", ""),
        ("Mr. John Smith, Jr.", "John", "Smith", "Mr.", "Jr."),
        ("John Smith Jr.", "John", "Smith", "", "Jr."),
        ("Smith, John Jr.", "John", "Smith", "", "Jr."),
        ("John Smith, PhD", "John", "Smith", "PhD", ""),
        ("Smith, John, Ph.D.", "John", "Smith", "Ph.D.", ""),
        ("Martin Luther King III", "Martin Luther", "King", "", "III"),
        ("J. R. R. Tolkien", "J. R. R.", "Tolkien", "", ""),
        ("M. K. Gandhi", "M. K.", "Gandhi", "", ""),
        ("Ludwig van Beethoven", "Ludwig", "van Beethoven", "", ""),
        ("Beethoven, Ludwig van", "Ludwig", "van Beethoven", "", ""),
        ("Anna van der Berg", "Anna", "van der Berg", "", ""),
        ("Leonardo da Vinci", "Leonardo", "da Vinci", "", ""),
        ("María de la Cruz", "María", "de la Cruz", "", ""),
        ("Isabel de Castro", "Isabel", "de Castro", "", ""),
        ("Otto von Bismarck", "Otto", "von Bismarck", "", ""),
        ("Van Morrison", "Van", "Morrison", "", ""),
        ("Sean O'Neill", "Sean", "O'Neill", "", ""),
        ("Jean-Luc Picard", "Jean-Luc", "Picard", "", ""),
        ("Sra. Carmen García", "Carmen", "García", "Sra.", ""),
        ("M. Dupont", "Dupont", "", "M.", ""),
        ("Mr. & Mrs. Smith", "Smith", "", "Mr. & Mrs.", ""),
        ("John Smith (Sales)", "John", "Smith", "", ""),
        ("Jack Yun Ma", "Jack Yun", "Ma", "", ""),
        ("JACK YUN MA", "JACK YUN", "MA", "", ""),
        ("John Paul Smith MA", "John Paul", "Smith", "MA", ""),
        ("Cher", "Cher", "", "", ""),
        ("Dr.", "Dr.", "", "", ""),
        ("", "", "", "", ""),
        ("王伟", "伟", "王", "", ""),
        ("欧阳娜娜", "娜娜", "欧阳", "", ""),
        ("歐陽娜娜", "娜娜", "歐陽", "", ""),
        ("欧阳娜娜女士", "娜娜", "欧阳", "女士", ""),
        ("司马相如先生", "相如", "司马", "先生", ""),
        ("李 明", "明", "李", "", ""),
        ("王总", "", "王", "总", ""),
        ("陈经理", "", "陈", "经理", ""),
        ("张伟（经理）", "伟", "张", "经理", ""),
        ("李建工", "建工", "李", "", ""),
        ("老王", "", "王", "老", ""),
        ("小李", "", "李", "小", ""),
        ("安娜·卡列尼娜", "安娜", "卡列尼娜", "", ""),
        ("安娜•卡列尼娜", "安娜", "卡列尼娜", "", ""),
        ("Zhang Wei 张伟", "伟", "张", "", ""),
        ("Jack Ma (马云)", "云", "马", "", ""),
        ("Zhang Wei", "Zhang", "Wei", "", ""),
        ("诸葛亮", "亮", "诸葛", "", ""),
    ],
)
def test_person(name: str, given: str, family: str, honorifics: str, suffix: str) -> None:
    found = split_person(name)
    assert (found.given, found.family, " ".join(found.honorifics), found.suffix) == (given, family, honorifics, suffix)


@pytest.mark.parametrize(
    "spellings",
    [
        (
            "Anna van der Berg",
            "van der Berg, Anna",
            "Berg, Anna van der",
            "ANNA VAN DER BERG",
            "Dr. Anna  van der Berg",
        ),
        ("John Smith", "Smith, John", "Mr. John Smith Jr.", "SMITH, JOHN, PhD"),
        ("欧阳娜娜", "欧阳娜娜女士", "欧阳 娜娜"),
    ],
)
def test_one_person_has_one_key(spellings: tuple[str, ...]) -> None:
    assert len({split_person(spelling).key for spelling in spellings}) == 1


def test_the_people_of_northwind(shared_data: Path) -> None:
    with (shared_data / "northwind" / "employees.csv").open(newline="", encoding="utf-8") as file:
        for line in csv.DictReader(file):
            name = f"{line['titleOfCourtesy']} {line['firstName']} {line['lastName']}"
            found = split_person(name)
            assert (found.given, found.family, found.honorifics) == (
                line["firstName"],
                line["lastName"],
                (line["titleOfCourtesy"],),
            )


# ---- Chinese names ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "text", "initials"),
    [
        ("单田芳", "shan tian fang", "stf"),
        ("單田芳", "shan tian fang", "stf"),
        ("曾国藩", "zeng guo fan", "zgf"),
        ("仇英", "qiu ying", "qy"),
        ("解缙", "xie jin", "xj"),
        ("任正非", "ren zheng fei", "rzf"),
        ("查良镛", "zha liang yong", "zly"),
        ("盖叫天", "ge jiao tian", "gjt"),
        ("区楚良", "ou chu liang", "ocl"),
        ("朴志明", "piao zhi ming", "pzm"),
        ("乐嘉", "yue jia", "yj"),
        ("缪荃孙", "miao quan sun", "mqs"),
        ("翟天临", "zhai tian lin", "ztl"),
        ("华罗庚", "hua luo geng", "hlg"),
        ("尉迟恭", "yu chi gong", "ycg"),
        ("万俟卨", "mo qi xie", "mqx"),
        ("长孙无忌", "zhang sun wu ji", "zswj"),
        ("令狐冲", "ling hu chong", "lhc"),
        ("澹台灭明", "tan tai mie ming", "ttmm"),
        ("欧阳修", "ou yang xiu", "oyx"),
        ("吕布", "lv bu", "lb"),
        ("王伟", "wang wei", "ww"),
        ("Anna", "", ""),
        ("", "", ""),
    ],
)
def test_pinyin(name: str, text: str, initials: str) -> None:
    assert pinyin(name) == (text, initials)


def test_the_reading_of_a_surname_is_for_people_alone() -> None:
    assert pinyin("单位", person=False).text == "dan wei"
    assert pinyin("曾经", person=False).text == "ceng jing"
    assert pinyin("国藩曾").text == "guo fan ceng"
    assert pinyin("华为 Tech", person=False).text == "hua wei tech"


@pytest.mark.parametrize(
    ("name", "parts"),
    [
        ("王伟", ("王", "伟")),
        ("上官婉儿", ("上官", "婉儿")),
        ("爱新觉罗溥仪", ("爱新觉罗", "溥仪")),
        ("范徐丽泰", ("范", "徐丽泰")),
        ("司马", ("司", "马")),
        ("王", ("王", "")),
        ("李·四", ("四", "李")),
    ],
)
def test_chinese_parts(name: str, parts: tuple[str, str]) -> None:
    assert split_chinese(name) == parts


@pytest.mark.parametrize(
    ("name", "answer"),
    [("王伟", True), ("王 伟", True), ("王伟1", False), ("Wang", False), ("", False), ("山田さん", False)],
)
def test_is_chinese(name: str, answer: bool) -> None:
    assert is_chinese(name) is answer


# ---- companies -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "core", "forms"),
    [
        ("ACME Ltd", "ACME", ["Ltd"]),
        ("ACME, Inc.", "ACME", ["Inc."]),
        ("ACME L.L.C.", "ACME", ["L.L.C."]),
        ("ACME Co., Ltd.", "ACME", ["Co., Ltd."]),
        ("ACME Pty Ltd", "ACME", ["Pty Ltd"]),
        ("ACME Corporation", "ACME", ["Corporation"]),
        ("ACME Holdings plc", "ACME", ["Holdings", "plc"]),
        ("ACME (Holdings) Ltd", "ACME", ["(Holdings)", "Ltd"]),
        ("Procter & Gamble Co.", "Procter & Gamble", ["Co."]),
        ("Müller GmbH", "Müller", ["GmbH"]),
        ("Müller & Söhne GmbH & Co. KG", "Müller & Söhne", ["GmbH & Co. KG"]),
        ("Müller UG (haftungsbeschränkt)", "Müller", ["UG (haftungsbeschränkt)"]),
        ("Siemens Aktiengesellschaft", "Siemens", ["Aktiengesellschaft"]),
        ("Volkswagen AG", "Volkswagen", ["AG"]),
        ("volkswagen ag", "volkswagen", ["ag"]),
        ("L'Oréal S.A.", "L'Oréal", ["S.A."]),
        ("Telefónica, S.A.", "Telefónica", ["S.A."]),
        ("Dupont SARL", "Dupont", ["SARL"]),
        ("Franchi S.p.A.", "Franchi", ["S.p.A."]),
        ("Grupo Bimbo, S.A.B. de C.V.", "Grupo Bimbo", ["S.A.B. de C.V."]),
        ("Cemex S. de R.L. de C.V.", "Cemex", ["S. de R.L. de C.V."]),
        ("Océano Atlántico Ltda.", "Océano Atlántico", ["Ltda."]),
        ("Kowalski Sp. z o.o.", "Kowalski", ["Sp. z o.o."]),
        ("Novák s.r.o.", "Novák", ["s.r.o."]),
        ("Philips N.V.", "Philips", ["N.V."]),
        ("Jansen B.V.", "Jansen", ["B.V."]),
        ("Carlsberg A/S", "Carlsberg", ["A/S"]),
        ("Nokia Oyj", "Nokia", ["Oyj"]),
        ("IKEA AB", "IKEA", ["AB"]),
        ("ООО «Ромашка»", "Ромашка", ["ООО"]),
        ("Grab Sdn. Bhd.", "Grab", ["Sdn. Bhd."]),
        ("DBS Pte. Ltd.", "DBS", ["Pte. Ltd."]),
        ("Tata Pvt. Ltd.", "Tata", ["Pvt. Ltd."]),
        ("华为技术有限公司", "华为技术", ["有限公司"]),
        ("比亚迪股份有限公司", "比亚迪", ["股份有限公司"]),
        ("上海汽车集团股份有限公司", "上海汽车", ["集团股份有限公司"]),
        ("恒大（集团）有限公司", "恒大", ["（集团）", "有限公司"]),
        ("海尔集团", "海尔", ["集团"]),
        ("海尔集团公司", "海尔", ["集团公司"]),
        ("北京某某有限责任公司", "北京某某", ["有限责任公司"]),
        ("台灣積體電路製造股份有限公司", "台灣積體電路製造", ["股份有限公司"]),
        ("普华永道中天会计师事务所(特殊普通合伙)", "普华永道中天会计师事务所", ["(特殊普通合伙)"]),
        ("トヨタ自動車株式会社", "トヨタ自動車", ["株式会社"]),
        ("株式会社日立製作所", "日立製作所", ["株式会社"]),
        ("삼성전자 주식회사", "삼성전자", ["주식회사"]),
        ("GmbH", "GmbH", []),
        ("公司", "公司", []),
        ("Anna Müller", "Anna Müller", []),
        ("Pedro Sa", "Pedro Sa", []),
        ("Amanda Ba", "Amanda Ba", []),
        ("Empresa S.A", "Empresa", ["S.A"]),
        ("Data Is", "Data Is", []),
        ("", "", []),
    ],
)
def test_company(name: str, core: str, forms: list[str]) -> None:
    found = split_company(name)
    assert (found.core, list(found.forms)) == (core, forms)
    assert is_company(name) == bool(forms)


@pytest.mark.parametrize(
    "spellings",
    [
        ("Smith & Sons Ltd", "SMITH AND SONS LIMITED", "Smith & Sons, Ltd."),
        ("Müller GmbH & Co. KG", "MÜLLER GMBH & CO KG", "Müller GmbH"),
        ("Coca-Cola Company", "COCA COLA CO."),
        ("华为技术有限公司", "华为技术", "华为技术(集团)有限公司"),
        ("Ａcme Inc", "ACME"),
    ],
)
def test_one_company_has_one_key(spellings: tuple[str, ...]) -> None:
    assert len({split_company(spelling).key for spelling in spellings}) == 1


@pytest.mark.parametrize(
    "spellings",
    [
        "Delta GmbH|Delta Gesellschaft mit beschränkter Haftung|DELTA GESELLSCHAFT MBH|Delta Ges.m.b.H.|Delta mbH",
        "Delta AG|Delta Aktiengesellschaft|Delta A.G.",
        "Delta GmbH & Co. KG|Delta GmbH und Co KG|Delta GmbH & Compagnie KG|Delta GmbH + Co. KG|Delta Gesellschaft mit"
        " beschränkter Haftung & Co. Kommanditgesellschaft",
        "Delta S.A.|Delta Sociedad Anónima|Delta Société Anonyme|Delta Sociedade Anonima",
        "Delta S.à r.l.|Delta Sàrl|Delta SARL|Delta Société à responsabilité limitée",
        "Delta S. de R.L. de C.V.|Delta S DE RL DE CV|Delta Sociedad de Responsabilidad Limitada de Capital Variable",
        "Delta S.A. de C.V.|Delta Sociedad Anónima de Capital Variable",
        "Delta S.L.|Delta Sociedad Limitada|Delta S.R.L.|Delta Sociedad de Responsabilidad Limitada",
        "株式会社デルタ|デルタ株式会社|(株)デルタ|㈱デルタ|デルタ K.K.|デルタ Kabushiki Kaisha",
        "주식회사 델타|(주)델타|㈜델타",
        "三角有限公司|三角有限责任公司|三角有限責任公司",
        "三角股份有限公司|三角股份有限责任公司",
        "Delta Pty Ltd|Delta Pty Limited|Delta (Pty) Ltd|Delta Proprietary Limited|Delta Limited|Delta Co., Ltd.",
        "Delta Inc.|Delta Incorporated|Delta Corp|Delta Corporation",
        "Delta LLC|Delta L.L.C.|Delta Limited Liability Company",
        "Delta PLC|Delta Public Limited Company",
        "Delta Sp. z o.o.|Delta Spółka z ograniczoną odpowiedzialnością",
        "ООО Дельта|Общество с ограниченной ответственностью «Дельта»",
        "Delta UG (haftungsbeschränkt)|Delta UG|Delta Unternehmergesellschaft (haftungsbeschränkt)",
        "Delta B.V.|Delta Besloten vennootschap met beperkte aansprakelijkheid",
        "Delta s.r.o.|Delta spol. s r.o.|Delta společnost s ručením omezeným",
    ],
)
def test_one_legal_form_is_written_in_many_ways(spellings: str) -> None:
    found = [split_company(spelling) for spelling in spellings.split("|")]
    assert len({company.key for company in found}) == 1
    assert len({legal_form(company.forms) for company in found}) == 1
    assert legal_form(found[0].forms)


def test_what_is_no_legal_form() -> None:
    assert not any(map(is_company, ("김 유", "이 주", "Data Is", "Paulo Sa", "Berta Ek")))
    assert [legal_form(split_company(name).forms) for name in ("Delta Group", "Delta & Co.", "三角集团")] == [None] * 3
    assert legal_form(split_company("Delta Group GmbH").forms) == "gmbh"


def test_the_companies_of_northwind(shared_data: Path) -> None:
    with (shared_data / "northwind" / "customers.csv").open(newline="", encoding="utf-8") as file:
        names = [line["companyName"] for line in csv.DictReader(file)]
    formed = {name: split_company(name).forms for name in names if is_company(name)}
    assert formed == {
        "Consolidated Holdings": ("Holdings",),
        "FISSA Fabrica Inter. Salchichas S.A.": ("S.A.",),
        "Folk och fä HB": ("HB",),
        "Franchi S.p.A.": ("S.p.A.",),
        "Océano Atlántico Ltda.": ("Ltda.",),
    }


# ---- addresses -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("address", "parts"),
    [
        ("Hauptstraße 5a, 10115 Berlin", "hauptstr|5a||10115|berlin"),
        ("Hauptstr. 5 A, D-10115 BERLIN", "hauptstr|5a||10115|berlin"),
        ("Hauptstrasse 5a 10115 Berlin", "hauptstr|5a||10115|berlin"),
        ("Schloßstraße 12-14", "schlossstr|12-14|||"),
        ("Unter den Linden 77", "unter den linden|77|||"),
        ("12 N. Main St., Springfield, IL 62704", "n main st|12||62704|springfield"),
        ("12 North Main Street, Apt. 4, Springfield, Illinois 62704-1234", "n main st|12|4|62704|springfield"),
        ("12 North Main Street #4\nSpringfield, IL 62704", "n main st|12|4|62704|springfield"),
        ("1600 Amphitheatre Parkway, Mountain View, CA 94043, USA", "amphitheatre pkwy|1600||94043|mountain view"),
        ("10 Downing Street, London SW1A 2AA", "downing st|10||sw1a2aa|london"),
        ("10 Downing St\nLondon\nSW1A 2AA\nUK", "downing st|10||sw1a2aa|london"),
        ("No. 5 High Street", "high st|5|||"),
        ("5/12 George Street, Sydney NSW 2000", "george st|5/12||2000|sydney"),
        ("5 rue de la Paix, 75002 Paris", "r de la paix|5||75002|paris"),
        ("24, place Kléber, 67000 Strasbourg", "pl kleber|24||67000|strasbourg"),
        ("Calle de Alcalá, 42, 28014 Madrid", "c de alcala|42||28014|madrid"),
        ("Av. Paulista, 1578 - Bela Vista, São Paulo - SP, 01310-200", "ave paulista|1578||01310-200|sao paulo"),
        ("Rua Augusta 1234, São Paulo, 01304-001", "r augusta|1234||01304-001|sao paulo"),
        ("Damrak 1, 1012 LG Amsterdam", "damrak|1||1012lg|amsterdam"),
        ("广东省深圳市南山区科技园路1号", "科技园路|1|||深圳"),
        ("深圳市南山区科技园路１号", "科技园路|1|||深圳"),
        ("广东省深圳市南山区科技园路1号A座1203室", "科技园路|1|a-1203||深圳"),
        ("北京市海淀区中关村大街27号 100080", "中关村大街|27||100080|北京"),
        ("100080 北京市海淀区中关村大街27号", "中关村大街|27||100080|北京"),
        ("Main Street", "main st||||"),
        ("", ""),
        ("?", ""),
    ],
)
def test_address(address: str, parts: str) -> None:
    assert address_key(address).text == parts


def test_fields_of_their_own_come_first() -> None:
    key = address_key("Hauptstr. 5, 10115 Berlin", "D-20095", "Hamburg")
    assert (key.postcode, key.city) == ("20095", "hamburg")
    assert address_key("Boulevard Tirou, 255", "B-6000", "Charleroi") == ("blvd tirou", "255", "", "6000", "charleroi")
    assert address_key("1 Main St", "62704-1234").postcode == "62704"
    assert address_key("1 Main St", "NULL").postcode == ""
    assert address_key("科技园路1号", "518000", "深圳市")[3:] == ("518000", "深圳")


def test_the_addresses_of_northwind(shared_data: Path) -> None:
    with (shared_data / "northwind" / "customers.csv").open(newline="", encoding="utf-8") as file:
        keys = [address_key(line["address"], line["postalCode"], line["city"]) for line in csv.DictReader(file)]
    assert len(keys) == 91
    assert all(key.street and key.city for key in keys)
    # Fauntleroy Circus and Garden House have no number; two Venezuelan ones name two streets; Av. 5 de Mayo is a date.
    assert sum(not key.number for key in keys) <= 5
    for line in (f"{key.street} {key.number}" for key in keys):
        assert line == line.casefold()
