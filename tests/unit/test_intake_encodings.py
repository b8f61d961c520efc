"""Encodings before Unicode: told from a few names, and what cannot be told is said."""

from __future__ import annotations

from pathlib import Path

import pytest

from graphcrm.intake.readers import open_file
from graphcrm.intake.readers.legacy import most_likely

SAMPLES = {
    "cp1250": [
        "Jan Nowak;Łódź\nMałgorzata Wiśniewska;Gdańsk\n",
        "Dvořák;Plzeň\nNováková;Praha\nČerný;Žďár",
        "Kovács Gábor;Győr\nNagy Erzsébet;Hódmezővásárhely",
        "Žižek;Šmarje pri Jelšah\nKovač;Črnomelj",
        "Ionuţ Popa;Braşov;Bacău",
    ],
    "cp1251": [
        "Иван Петров;Москва\nАнна Сидорова;Санкт-Петербург",
        "Шевченко;Київ",
        "Имя;Телефон",
        "ИВАН ПЕТРОВ",
    ],
    "cp1252": [
        "Müller;Köln",
        "Jørgensen;København\nSørensen",
        "François;Besançon\nHélène",
        "José;Málaga\nPeña",
        "João;São Paulo",
        "Åsa;Malmö",
        "Müller;Köln\nSørensen;Århus\nDupré;Orléans\nNuñez;Coruña\nLição",
        "Beyoncé’s café – “The Best”",
        "CAFÉ MÜNCHEN GMBH;KÖLN",
        "Perú £5",
    ],
    "cp1253": ["Γιώργος Παπαδόπουλος;Αθήνα\nΜαρία;Θεσσαλονίκη"],
    "cp1254": ["Ayşe Yılmaz;İstanbul\nMehmet Öztürk;Eskişehir", "Şükrü Çağlar;Muğla"],
    "cp1255": ["יוסי כהן;תל אביב"],
    "cp1256": ["محمد أحمد;القاهرة\nفاطمة علي;الرياض"],
    "cp1257": ["Jānis Bērziņš;Rīga\nKārlis Ozoliņš", "Žemaitė;Šiauliai\nJonas Petrauskas;Kėdainiai;Vaitkūnas"],
    "cp874": ["สมชาย ใจดี;กรุงเทพ"],
    "gb18030": [
        "张伟;北京\n李娜;上海",
        "客户名称,联系人,电话\n上海贝尔有限公司,陈静,021",
        "姓名",
        "王小明",
        "欧阳菲菲;乌鲁木齐",
    ],
    "cp950": ["陳大文;臺北市\n林美玲;高雄市", "客戶名稱,聯絡人,電話", "王小明,台中", "黃志明;香港九龍"],
    "cp932": [
        "田中太郎;東京都\n鈴木花子;大阪府",
        "氏名,電話番号,メールアドレス",
        "ヤマダ タロウ",
        "株式会社さくら",
        "ﾔﾏﾀﾞ ﾀﾛｳ,山田太郎",
    ],
    "euc_jp": ["田中太郎;東京都\n鈴木花子;大阪府", "氏名,電話番号,メールアドレス"],
    "cp949": ["김철수;서울\n이영희;부산", "고객명,전화번호,이메일", "박지성,수원시"],
    "koi8_r": ["Иван Петров;Москва\nАнна Сидорова;Санкт-Петербург"],
    "cp866": ["Иван Петров;Москва\nАнна Сидорова;Санкт-Петербург"],
    "mac_roman": ["Müller;Köln\nJürgen;München\nGröße", "Hélène;Besançon\nÉlodie"],
    "cp850": ["Müller;Köln\nJürgen;München", "José;Málaga\nPeña"],
}


@pytest.mark.parametrize(("encoding", "text"), [(name, text) for name, texts in SAMPLES.items() for text in texts])
def test_a_few_names_tell_the_encoding(encoding: str, text: str) -> None:
    data = text.encode(encoding)
    assert data.decode(most_likely(data).encoding) == text


def test_what_two_encodings_explain_is_a_doubt() -> None:
    likely = most_likely("Kraków;Gdańsk".encode("cp1250"))
    assert {likely.encoding, likely.other} == {"cp1250", "cp1252"}
    assert most_likely("Łódź;Wałbrzych;Święty Krzyż".encode("cp1250")).other == ""


def test_a_guess_is_said_and_can_be_overruled(tmp_path: Path) -> None:
    path = tmp_path / "x.csv"
    path.write_bytes("id,name\n1,Gdańsk\n2,Kraków\n".encode("cp1250"))
    assert "Windows-1250" in open_file(path).notes[0]
    assert "nearly as likely" in open_file(path).notes[0]
    file = open_file(path, encoding="windows-1250")
    assert (file.notes, [row["name"] for _, row in file.rows(lambda reject: None)]) == ((), ["Gdańsk", "Kraków"])
    path.write_bytes("id,name\n1,Иванов\n2,Смирнова\n".encode("cp1251"))
    assert open_file(path).notes[0].startswith("is read as Windows-1251, in which")
    path.write_text("id,name\n1,Gdańsk\n", encoding="utf-8")
    assert open_file(path).notes == ()


def test_however_long_a_text_is_only_its_beginning_is_looked_at() -> None:
    head = "Иван Петров;Москва\n".encode("cp1251") * 4_000
    assert most_likely(head + "Müller\n".encode("cp1252") * 100_000).encoding == "cp1251"
