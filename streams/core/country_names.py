"""The code of a country by the English names that lists give it, and the name by which people know a code."""

import re
import unicodedata
from typing import Final

from streams.core.countries import COUNTRIES, OTHER_NAMES, SUPRANATIONAL

__all__ = ["country_code", "country_name"]

# Names of the IANA time zone database (iso3166.tab, public domain, 2025) written out, and what lists write besides; a
# test compares the codes.
_NAMES: Final = (
    "AD Andorra|AE United Arab Emirates/UAE|AF Afghanistan|AG Antigua and Barbuda|AI Anguilla|AL Albania|"
    "AM Armenia|AO Angola|AQ Antarctica|AR Argentina|AS American Samoa|AT Austria|AU Australia|AW Aruba|"
    "AX Åland Islands|AZ Azerbaijan|BA Bosnia and Herzegovina/Bosnia|BB Barbados|BD Bangladesh|BE Belgium|"
    "BF Burkina Faso|BG Bulgaria|BH Bahrain|BI Burundi|BJ Benin|BL Saint Barthelemy|BM Bermuda|"
    "BN Brunei/Brunei Darussalam|BO Bolivia/Plurinational State of Bolivia|BQ Caribbean Netherlands|BR Brazil|"
    "BS Bahamas|BT Bhutan|BV Bouvet Island|BW Botswana|BY Belarus|BZ Belize|CA Canada|CC Cocos Islands|"
    "CD DR Congo/Democratic Republic of the Congo/Congo-Kinshasa/DRC|CF Central African Republic|"
    "CG Congo/Republic of the Congo/Congo-Brazzaville|CH Switzerland|CI Côte d'Ivoire/Ivory Coast|"
    "CK Cook Islands|CL Chile|CM Cameroon|CN China/People's Republic of China/PRC|CO Colombia|CR Costa Rica|"
    "CU Cuba|CV Cape Verde/Cabo Verde|CW Curaçao|CX Christmas Island|CY Cyprus|CZ Czechia/Czech Republic|"
    "DE Germany|DJ Djibouti|DK Denmark|DM Dominica|DO Dominican Republic|DZ Algeria|EC Ecuador|EE Estonia|"
    "EG Egypt|EH Western Sahara|ER Eritrea|ES Spain|ET Ethiopia|FI Finland|FJ Fiji|FK Falkland Islands|"
    "FM Micronesia/Federated States of Micronesia|FO Faroe Islands|FR France|GA Gabon|"
    "GB United Kingdom/Great Britain/Britain/UK|GD Grenada|GE Georgia|GF French Guiana|GG Guernsey|GH Ghana|"
    "GI Gibraltar|GL Greenland|GM Gambia|GN Guinea|GP Guadeloupe|GQ Equatorial Guinea|GR Greece|"
    "GS South Georgia and the South Sandwich Islands|GT Guatemala|GU Guam|GW Guinea-Bissau|GY Guyana|"
    "HK Hong Kong|HM Heard Island and McDonald Islands|HN Honduras|HR Croatia|HT Haiti|HU Hungary|ID Indonesia|"
    "IE Ireland|IL Israel|IM Isle of Man|IN India|IO British Indian Ocean Territory|IQ Iraq|"
    "IR Iran/Islamic Republic of Iran|IS Iceland|IT Italy|JE Jersey|JM Jamaica|JO Jordan|JP Japan|KE Kenya|"
    "KG Kyrgyzstan|KH Cambodia|KI Kiribati|KM Comoros|KN Saint Kitts and Nevis/St Kitts and Nevis|"
    "KP North Korea/DPRK/Democratic People's Republic of Korea|KR South Korea/Republic of Korea|KW Kuwait|"
    "KY Cayman Islands|KZ Kazakhstan|LA Laos/Lao PDR/Lao People's Democratic Republic|LB Lebanon|"
    "LC Saint Lucia/St Lucia|LI Liechtenstein|LK Sri Lanka|LR Liberia|LS Lesotho|LT Lithuania|LU Luxembourg|"
    "LV Latvia|LY Libya|MA Morocco|MC Monaco|MD Moldova/Republic of Moldova|ME Montenegro|MF Saint Martin|"
    "MG Madagascar|MH Marshall Islands|MK North Macedonia/Macedonia|ML Mali|MM Myanmar/Burma|MN Mongolia|"
    "MO Macau/Macao|MP Northern Mariana Islands|MQ Martinique|MR Mauritania|MS Montserrat|MT Malta|MU Mauritius|"
    "MV Maldives|MW Malawi|MX Mexico|MY Malaysia|MZ Mozambique|NA Namibia|NC New Caledonia|NE Niger|"
    "NF Norfolk Island|NG Nigeria|NI Nicaragua|NL Netherlands/Kingdom of the Netherlands/Holland|NO Norway|"
    "NP Nepal|NR Nauru|NU Niue|NZ New Zealand|OM Oman|PA Panama|PE Peru|PF French Polynesia|PG Papua New Guinea|"
    "PH Philippines|PK Pakistan|PL Poland|PM Saint Pierre and Miquelon|PN Pitcairn/Pitcairn Islands|"
    "PR Puerto Rico|PS Palestine/State of Palestine/Palestinian Territories/Palestine territories|PT Portugal|"
    "PW Palau|PY Paraguay|QA Qatar|RE Réunion|RO Romania|RS Serbia|RU Russia/Russian Federation|RW Rwanda|"
    "SA Saudi Arabia|SB Solomon Islands|SC Seychelles|SD Sudan|SE Sweden|SG Singapore|SH Saint Helena|"
    "SI Slovenia|SJ Svalbard and Jan Mayen|SK Slovakia|SL Sierra Leone|SM San Marino|SN Senegal|SO Somalia|"
    "SR Suriname|SS South Sudan|ST Sao Tome and Principe|SV El Salvador|SX Sint Maarten|"
    "SY Syria/Syrian Arab Republic|SZ Eswatini/Swaziland|TC Turks and Caicos Islands|TD Chad|"
    "TF French Southern Territories|TG Togo|TH Thailand|TJ Tajikistan|TK Tokelau|TL Timor-Leste/East Timor|"
    "TM Turkmenistan|TN Tunisia|TO Tonga|TR Turkey/Türkiye|TT Trinidad and Tobago|TV Tuvalu|TW Taiwan|"
    "TZ Tanzania/United Republic of Tanzania|UA Ukraine|UG Uganda|UM United States Minor Outlying Islands|"
    "US United States/United States of America/USA|UY Uruguay|UZ Uzbekistan|VA Vatican City/Holy See/Vatican|"
    "VC Saint Vincent and the Grenadines/St Vincent|VE Venezuela/Bolivarian Republic of Venezuela|"
    "VG British Virgin Islands|VI US Virgin Islands/United States Virgin Islands|VN Vietnam/Viet Nam|VU Vanuatu|"
    "WF Wallis and Futuna|WS Samoa|YE Yemen|YT Mayotte|ZA South Africa|ZM Zambia|ZW Zimbabwe|XK Kosovo"
)
_BETWEEN_WORDS: Final = re.compile(r"[\W_]+")
_MAX_NAME: Final = 200  # characters


def country_code(text: str) -> str | None:
    """The code that `text` is or names, whatever its case, accents and articles; `None` where that is not known."""
    upper = text.upper()
    upper = OTHER_NAMES.get(upper, upper)
    return upper if upper in COUNTRIES else _CODES.get(_plain(text))


def country_name(code: str) -> str:
    """The usual English name of a code, such as `Iran`; the code itself where it has none."""
    return _FIRST.get(code, code)


def _plain(name: str) -> str:
    letters = unicodedata.normalize("NFKD", name[:_MAX_NAME].replace("&", " and ")).casefold()
    words = _BETWEEN_WORDS.split("".join(char for char in letters if not unicodedata.combining(char)))
    return " ".join(word for word in words if word and word != "the")


_BY_CODE: Final = {**{entry[:2]: entry[3:] for entry in _NAMES.split("|")}, **SUPRANATIONAL}
_FIRST: Final = {code: names.partition("/")[0] for code, names in _BY_CODE.items()}
_CODES: Final = {_plain(name): code for code, names in _BY_CODE.items() for name in names.split("/")}
