"""The codes on a roster: of States by ISO 3166-1 alpha-2, and of what the standard leaves out."""

from typing import Final

__all__ = ["COUNTRIES", "OTHER_NAMES", "SUPRANATIONAL"]

# The 249 assigned codes, as the IANA time zone database lists them (iso3166.tab, public domain, 2025); a test compares.
_ASSIGNED: Final = (
    "AD AE AF AG AI AL AM AO AQ AR AS AT AU AW AX AZ BA BB BD BE BF BG BH BI BJ BL BM BN BO BQ BR BS BT BV BW BY BZ "
    "CA CC CD CF CG CH CI CK CL CM CN CO CR CU CV CW CX CY CZ DE DJ DK DM DO DZ EC EE EG EH ER ES ET FI FJ FK FM FO "
    "FR GA GB GD GE GF GG GH GI GL GM GN GP GQ GR GS GT GU GW GY HK HM HN HR HT HU ID IE IL IM IN IO IQ IR IS IT JE "
    "JM JO JP KE KG KH KI KM KN KP KR KW KY KZ LA LB LC LI LK LR LS LT LU LV LY MA MC MD ME MF MG MH MK ML MM MN MO "
    "MP MQ MR MS MT MU MV MW MX MY MZ NA NC NE NF NG NI NL NO NP NR NU NZ OM PA PE PF PG PH PK PL PM PN PR PS PT PW "
    "PY QA RE RO RS RU RW SA SB SC SD SE SG SH SI SJ SK SL SM SN SO SR SS ST SV SX SY SZ TC TD TF TG TH TJ TK TL TM "
    "TN TO TR TT TV TW TZ UA UG UM US UY UZ VA VC VE VG VI VN VU WF WS YE YT ZA ZM ZW"
)

# The codes of three letters (ISO 3166-1 alpha-3) of the same countries in the same order, as the World Bank, V-Dem and
# other data sets write them.
_OF_THREE: Final = (
    "AND ARE AFG ATG AIA ALB ARM AGO ATA ARG ASM AUT AUS ABW ALA AZE BIH BRB BGD BEL BFA BGR BHR BDI BEN BLM BMU BRN "
    "BOL BES BRA BHS BTN BVT BWA BLR BLZ CAN CCK COD CAF COG CHE CIV COK CHL CMR CHN COL CRI CUB CPV CUW CXR CYP CZE "
    "DEU DJI DNK DMA DOM DZA ECU EST EGY ESH ERI ESP ETH FIN FJI FLK FSM FRO FRA GAB GBR GRD GEO GUF GGY GHA GIB GRL "
    "GMB GIN GLP GNQ GRC SGS GTM GUM GNB GUY HKG HMD HND HRV HTI HUN IDN IRL ISR IMN IND IOT IRQ IRN ISL ITA JEY JAM "
    "JOR JPN KEN KGZ KHM KIR COM KNA PRK KOR KWT CYM KAZ LAO LBN LCA LIE LKA LBR LSO LTU LUX LVA LBY MAR MCO MDA MNE "
    "MAF MDG MHL MKD MLI MMR MNG MAC MNP MTQ MRT MSR MLT MUS MDV MWI MEX MYS MOZ NAM NCL NER NFK NGA NIC NLD NOR NPL "
    "NRU NIU NZL OMN PAN PER PYF PNG PHL PAK POL SPM PCN PRI PSE PRT PLW PRY QAT REU ROU SRB RUS RWA SAU SLB SYC SDN "
    "SWE SGP SHN SVN SJM SVK SLE SMR SEN SOM SUR SSD STP SLV SXM SYR SWZ TCA TCD ATF TGO THA TJK TKL TLS TKM TUN TON "
    "TUR TTO TUV TWN TZA UKR UGA UMI USA URY UZB VAT VCT VEN VGB VIR VNM VUT WLF WSM YEM MYT ZAF ZMB ZWE"
)

SUPRANATIONAL: Final = {
    "EU": "European Union",
    "UN": "United Nations",
    "QM": "African Union",
    "QN": "North Atlantic Treaty Organization",
    "QO": "Organization of American States",
    "QP": "Association of Southeast Asian Nations",
    "QQ": "Arab League",
}
"""Bodies above States that have officials of their own, by code. EU and UN are reserved in ISO 3166 for them; for the
others the standard has no code, so these are from its range for users, QM to QZ."""

# Kosovo has no ISO code. XK is the user-assigned code that the EU, the IMF and most data sets write.
COUNTRIES: Final[frozenset[str]] = frozenset(_ASSIGNED.split()) | {"XK"} | SUPRANATIONAL.keys()

OTHER_NAMES: Final = {
    **dict(zip(_OF_THREE.split(), _ASSIGNED.split(), strict=True)),
    "XKX": "XK",
    "XKK": "XK",
    "EL": "GR",
    "UK": "GB",
    "NATO": "QN",
    "OAS": "QO",
    "ASEAN": "QP",
    "UNO": "UN",
}
"""What lists write, and the code for it: the European Union itself writes EL and UK."""
