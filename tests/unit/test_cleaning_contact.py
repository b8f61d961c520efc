"""Telephone numbers, e-mail and web addresses as files have them."""

from __future__ import annotations

import phonenumbers
import pytest
from phonenumbers import PhoneNumberFormat

from graphcrm.cleaning.emails import clean_email
from graphcrm.cleaning.phones import clean_phone
from graphcrm.cleaning.websites import clean_website, domain_of
from graphcrm.limits import MAX_NAME_LENGTH

# ---- telephone numbers -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("came", "region", "clean", "extension"),
    [
        # Germany
        ("030 1234567", "DE", "+49301234567", None),
        ("(030) 123 45 67", "DE", "+49301234567", None),
        ("030/1234567", "DE", "+49301234567", None),
        ("+49 (0)30 1234567", None, "+49301234567", None),
        ("0049 (0) 30 - 1234567", "US", "+49301234567", None),
        ("+49 30 1234-567", None, "+49301234567", None),
        ("0151-12345678", "DE", "+4915112345678", None),
        ("030 1234567 Durchwahl 12", "DE", "+49301234567", "12"),
        # China
        ("13800138000", "CN", "+8613800138000", None),
        ("138-0013-8000", "CN", "+8613800138000", None),
        ("+86 138 0013 8000", None, "+8613800138000", None),
        ("8613800138000", "CN", "+8613800138000", None),
        ("0086-10-65529988", None, "+861065529988", None),
        ("0086 10 6552 9988", "DE", "+861065529988", None),
        ("010-65529988", "CN", "+861065529988", None),
        ("(010)65529988", "CN", "+861065529988", None),
        ("（０１０）６５５２９９８８", "CN", "+861065529988", None),
        ("＋８６　１３８００１３８０００", None, "+8613800138000", None),
        ("010-65529988转8008", "CN", "+861065529988", "8008"),
        ("010-65529988 分机 8008", "CN", "+861065529988", "8008"),
        ("010-65529988-8008", "CN", "+861065529988", "8008"),
        ("0755-26991234-601", "CN", "+8675526991234", "601"),
        ("400-810-8888", "CN", "+864008108888", None),
        # North America
        ("(650) 253-0000", "US", "+16502530000", None),
        ("650.253.0000", "US", "+16502530000", None),
        ("1-650-253-0000", "US", "+16502530000", None),
        ("+1 650 253 0000 ext. 123", None, "+16502530000", "123"),
        ("650-253-0000 x123", "US", "+16502530000", "123"),
        ("650-253-0000, ext 123", "US", "+16502530000", "123"),
        ("tel:+1-650-253-0000;ext=123", None, "+16502530000", "123"),
        ("1-800-FLOWERS", "US", "+18003569377", None),
        ("011 49 30 1234567", "US", "+49301234567", None),
        ("tel:+1-418-656-9254;ext=102", None, "+14186569254", "102"),
        # Brazil
        ("(11) 98765-4321", "BR", "+5511987654321", None),
        ("011 98765-4321", "BR", "+5511987654321", None),
        ("0 15 11 98765-4321", "BR", "+5511987654321", None),
        ("+55 (11) 3071-5000", None, "+551130715000", None),
        ("55 11 98765 4321", "BR", "+5511987654321", None),
        ("(11) 3071-5000 ramal 22", "BR", "+551130715000", "22"),
        # elsewhere
        ("+44 (0)20 7946 0018", None, "+442079460018", None),
        ("020 7946 0018", "GB", "+442079460018", None),
        ("+39 06 698 12345", None, "+390669812345", None),
        ("06 698 12345", "IT", "+390669812345", None),
        ("01 42 68 53 00", "FR", "+33142685300", None),
        ("03-3581-4111", "JP", "+81335814111", None),
        ("2123 1234", "HK", "+85221231234", None),
        ("+852-2123-1234", "CN", "+85221231234", None),
        # what spreadsheets and forms leave behind
        ("'+49301234567", None, "+49301234567", None),
        ("13800138000.0", "CN", "+8613800138000", None),
        (" +49 30 1234567\u200b", None, "+49301234567", None),
        ("Tel. 030 1234567", "DE", "+49301234567", None),
        ("+49\u00a030\u20111234567", None, "+49301234567", None),
    ],
)
def test_phone(came: str, region: str | None, clean: str, extension: str | None) -> None:
    assert clean_phone(came, region) == (clean, None, extension)


@pytest.mark.parametrize(
    ("came", "region", "flag"),
    [
        ("030 1234567", None, "no_country"),
        ("call me", "DE", "no_number"),
        ("HomePhone", "US", "no_number"),
        ("555-0163", "US", "too_short"),
        ("12", "DE", "too_short"),
        ("+1 (212) 204-344567", None, "too_long"),
        ("138001380001234", "CN", "too_long"),
        ("(171) 555-7788", "GB", "unassigned"),
        ("000-000-0000", "US", "unassigned"),
        ("+999 123456789", None, "no_country"),
        ("1.38E+10", "CN", "rounded"),
        ("8.61380013E12", "CN", "rounded"),
        ("030 1234567; 030 7654321", "DE", "several"),
        ("030 1234567 / 0151 12345678", "DE", "several"),
        ("13800138000、13900139000", "CN", "several"),
        ("+49 30 1234567 or +49 30 7654321", None, "several"),
        ("1" * (MAX_NAME_LENGTH + 1), "DE", "too_long"),
    ],
)
def test_no_phone(came: str, region: str | None, flag: str) -> None:
    assert clean_phone(came, region) == (came, flag, None)


def test_every_published_number_of_every_country() -> None:
    wrong = []
    for region in phonenumbers.SUPPORTED_REGIONS:
        for kind in range(11):
            number = phonenumbers.example_number_for_type(region, kind)
            if number is None or not phonenumbers.is_valid_number(number):
                continue
            wanted = phonenumbers.format_number(number, PhoneNumberFormat.E164)
            for form in (PhoneNumberFormat.NATIONAL, PhoneNumberFormat.INTERNATIONAL, PhoneNumberFormat.RFC3966):
                written = phonenumbers.format_number(number, form)
                if (found := clean_phone(written, region)) != (wanted, None, None):
                    wrong.append((region, written, found))
    assert wrong == []


def test_an_extension_stays_with_its_number() -> None:
    phone = clean_phone("010-65529988 转 8008", "CN")
    assert phone.text == "+861065529988;ext=8008"
    assert clean_phone(phone.text) == phone
    assert clean_phone("").text == ""


# ---- e-mail addresses ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("came", "clean", "name"),
    [
        ("anna@example.com", "anna@example.com", None),
        (" Anna.Maria@EXAMPLE.Com ", "Anna.Maria@example.com", None),
        ("Anna Müller <anna@example.com>", "anna@example.com", "Anna Müller"),
        ('"Müller, Anna" <anna@example.com>', "anna@example.com", "Müller, Anna"),
        ("<anna@example.com>", "anna@example.com", None),
        ("张伟 <zhang@例子.中国>", "zhang@例子.中国", "张伟"),
        ("mailto:anna@example.com", "anna@example.com", None),
        ("mailto:anna%2Bnews@example.com?subject=Hello", "anna+news@example.com", None),
        ("MAILTO: anna@example.com", "anna@example.com", None),
        ("anna@example.com,", "anna@example.com", None),
        ("anna@example.com.", "anna@example.com", None),
        ("anna＠example。com", "anna@example.com", None),
        ("\u200banna@example.com\ufeff", "anna@example.com", None),
        ("info@müller.de", "info@müller.de", None),
        ("info@xn--mller-kva.de", "info@müller.de", None),
        ("ANNA@MÜLLER.DE", "ANNA@müller.de", None),
        ("INFO@MÜLLER.DE", "info@müller.de", None),
        ("Info@Example.COM", "info@example.com", None),
        ("δοκιμή@παράδειγμα.ελ", "δοκιμή@παράδειγμα.ελ", None),
        ("o'neill+tag@sub.example.co.uk", "o'neill+tag@sub.example.co.uk", None),
        ("a_b-c@ex-ample.org", "a_b-c@ex-ample.org", None),
        ("12345@qq.com", "12345@qq.com", None),
        ("contactFor@PolymorphicMappingOfTask.com　 　", "contactFor@polymorphicmappingoftask.com", None),
        ("o’neill@example.com", "o’neill@example.com", None),
    ],
)
def test_email(came: str, clean: str, name: str | None) -> None:
    assert clean_email(came) == (clean, None, name)


@pytest.mark.parametrize(
    ("came", "flag"),
    [
        ("anna", "no_at"),
        ("anna.example.com", "no_at"),
        ("@example.com", "no_at"),
        ("anna@", "no_at"),
        ("anna@example", "domain"),
        ("anna@localhost", "domain"),
        ("anna@exam_ple.com", "domain"),
        ("anna@-example.com", "domain"),
        ("anna@example..com", "domain"),
        ("anna@[127.0.0.1]", "domain"),
        ("anna@example.com@example.com", "local_part"),
        ("anna..b@example.com", "local_part"),
        (".anna@example.com", "local_part"),
        ("anna b@example.com", "local_part"),
        ("a" * 65 + "@example.com", "local_part"),
        ("anna@printer.local", "reserved_domain"),
        ("anna@example.test", "reserved_domain"),
        ("anna@sub.invalid", "reserved_domain"),
        ("anna@example.com, bob@example.com", "several"),
        ("anna@example.com;bob@example.com", "several"),
        ("anna@example.com / bob@example.com", "several"),
        ("a@" + "b" * MAX_NAME_LENGTH + ".com", "too_long"),
    ],
)
def test_no_email(came: str, flag: str) -> None:
    assert clean_email(came) == (came, flag, None)


# ---- web addresses ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("came", "clean"),
    [
        ("example.com", "https://example.com"),
        ("www.example.com/", "https://www.example.com"),
        ("HTTP://WWW.Example.COM/About", "http://www.example.com/About"),
        ("http://www.accountInsert0.com", "http://www.accountinsert0.com"),
        ("https://example.com:443/", "https://example.com"),
        ("http://example.com:80/a", "http://example.com/a"),
        ("example.com:8080/a", "https://example.com:8080/a"),
        ("//example.com", "https://example.com"),
        ("https://example.com./x", "https://example.com/x"),
        ("https://example.com/?q=A%20b#Top", "https://example.com/?q=A%20b#Top"),
        ("https://müller.de", "https://müller.de"),
        ("https://xn--mller-kva.de/Ü", "https://müller.de/Ü"),
        ("例子.中国", "https://例子.中国"),
        ("ｗｗｗ.example.com", "https://www.example.com"),
        ("<https://example.com>", "https://example.com"),
        (" example.com\u200b ", "https://example.com"),
        ("https://example.com/a_(b)", "https://example.com/a_(b)"),
    ],
)
def test_website(came: str, clean: str) -> None:
    assert clean_website(came) == (clean, None)


@pytest.mark.parametrize(
    "came",
    [
        "no website",
        "example",
        "http://",
        "javascript:alert(1)",
        "mailto:anna@example.com",
        "ftp://example.com",
        "file:///etc/hosts",
        "https://user:secret@example.com",
        "anna@example.com",
        "http://192.168.1.1",
        "http://[::1]/",
        "http://exa mple.com",
        "http://example.com:99999",
        "https://example.com\\@evil.org",
        "#CAJUN.HTM#",
        "-",
        "12.5",
    ],
)
def test_no_website(came: str) -> None:
    assert clean_website(came) == (came, "no_website")


@pytest.mark.parametrize(
    ("came", "domain"),
    [
        ("https://www.Example.com/a?b", "example.com"),
        ("Anna <anna@mail.example.com>", "mail.example.com"),
        ("anna@XN--MLLER-KVA.de", "müller.de"),
        ("www.müller.de", "müller.de"),
        ("nothing", ""),
        ("", ""),
    ],
)
def test_domain(came: str, domain: str) -> None:
    assert domain_of(came) == domain
