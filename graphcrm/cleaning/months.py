"""Names of months and weekdays in the languages of exports, after CLDR."""

from __future__ import annotations

from typing import Final

from graphcrm.cleaning.text import words

_MONTHS: Final = (
    "january jan januar jän jänner janvier janv enero ene gennaio gen janeiro januari",
    "february feb februar feber février févr fév fevrier febrero febbraio fevereiro fev februari",
    "march mar märz mär maerz mrz mars marzo março marco maart mrt",
    "april apr avril avr abril abr aprile",
    "may mai mayo maggio mag maio mei maj",
    "june jun juni juin junio giugno giu junho",
    "july jul juli juillet juil julio luglio lug julho",
    "august aug août aout agosto ago augustus augusti",
    "september sep sept septembre septiembre setiembre settembre set setembro",
    "october oct oktober okt octobre octubre ottobre ott outubro out",
    "november nov novembre noviembre novembro",
    "december dec dezember dez décembre déc decembre diciembre dic dicembre dezembro desember des",
)

MONTHS: Final = {name: number for number, names in enumerate(_MONTHS, start=1) for name in names.split()}
"""Months (1 to 12) by their names and abbreviations, case-folded: English, German, French, Spanish, Italian,
Portuguese, Dutch and the Scandinavian languages. No word means different months in two of them."""

WEEKDAYS: Final = frozenset(
    words(
        "monday tuesday wednesday thursday friday saturday sunday mon tue tues wed thu thur thurs fri",
        "sat sun montag dienstag mittwoch donnerstag freitag samstag sonnabend sonntag mo di mi do fr sa",
        "so lundi mardi mercredi jeudi vendredi samedi dimanche lun mer jeu ven sam dim lunes martes",
        "miércoles jueves viernes sábado domingo mié jue vie sáb dom de of del den the le",
    )
)
"""Names of weekdays, and the small words between day, month and year."""
