"""What hostile messages are made of: numbers, characters, types, dates, paths and headers that fit nowhere."""

# ruff: noqa: E501
# fmt: off

from __future__ import annotations

from typing import Any

BODIES = (
    "", " ", "\n\n", "null", "true", "0", '""', "[]", "{}", "[{}]", '"{}"', "nul", "{", "}", "[", "{,}", "{}{}", "--", "-",
    '{"input":{}}', '{"infno":"2207"}', '{"a":1}x', "//{}", "{'a':1}", "<xml/>", "a=1&b=2", "\ufeff",
)
TAILS = (b"\n", b"x", b"}", b"\0", b",", b"]", b" " * 1000, b"\n//", b"/*")
ENCODINGS = ("gbk", "gb18030", "utf-16", "utf-16-le", "utf-16-be", "utf-32", "utf-8-sig", "big5", "utf-7")
NOT_UTF8 = (b"\xff", b"\xc0\xaf", b"\xe4\xbd", b"\xed\xa0\x80", b"\xed\xb0\x80", b"\xf4\x90\x80\x80", b"\xf8")
DEPTHS = (5, 12, 13, 14, 100, 300, 500, 660, 900, 990, 1000, 1500, 10_000, 100_000)
FREE_DEPTHS = (1, 5, 8, 9, 10, 11, 12, 100, 300, 495, 600, 660, 666, 1300, 2500)
SIZES = (31, 41, 151, 501, 4_001, 16_001, 100_000, 1_000_000, 2_100_000)
NUMBERS = (
    "1e400", "-1e400", "1e-400", "-0", "-0.0", "0.0", "NaN", "Infinity", "-Infinity", "nan", "inf", "0x10", "01", "1.",
    ".5", "+1", "1e5", "1E+2", "1e", "1_000", "9223372036854775807", "9223372036854775808", "18446744073709551616",
    "-9223372036854775809", "1" + "0" * 5000, "-" + "9" * 5000, "0." + "1" * 5000, "1" * 400 + "." + "1" * 400,
    "1e999999999999", "1.7976931348623157e309", "4.9e-324", "0.1", "0.001", "2147483648", "99999999999999.99", "1e1",
)
AMOUNTS = (
    "-0.01", "-1", "0", "0.00", "-99999999999999.99", "99999999999999.99", "9999999999999999.99", "30000000.01", "0.001",
    "0.01", "1.005", "1e2", "100", "7.77", "29999999.99", "99999999999999", "-0", "0.000001", "999999.9999",
)
HUGE_LINE = {"det_item_fee_sumamt": "99999999999999.99", "cnt": "999999999999.9999", "pric": "9999999999.999999"}
TEXTS = (
    "\x00", "a\x00b", "\x1b[2J", "\x7f", "\x85", "\u202e", "\u2028", "\ufeff", "\ufffe", "\uffff", "\u200b", "\ud800",
    "\udfff", "\ud83d", "\udc00\ud800", "a\ud800", "\U0010ffff", "𠀀", "e\u0301" * 10, "\u3000", "\t", "\r\n",
    "x\n2026-01-01 00:00:00,000 ERROR openyibao.gateway forged", "X\r\nSet-Cookie: a=b", "١٢٣", "１２３", "Ⅷ", "½", "²",
)
ATTACKS = (
    "'; DROP TABLE settlement_line; --", "' OR '1'='1", "1) OR (1=1", "\\", "\\'", "%", "_", "%%", "%s", "%(a)s", "$1", "?",
    "{{7*7}}", "${7*7}", "#{7*7}", "<%= 7*7 %>", "${jndi:ldap://127.0.0.1/a}", "{0.__class__}", "{}", "{", "f'{1}'", "`id`",
    "$(id)", "; ls", "| cat", "../../../../etc/passwd", "..\\..\\x", "file:///etc/passwd", "<script>alert(1)</script>",
    '"><img src=x>', "<!ENTITY x>", "*)(uid=*", "__import__('os')", "!!python/object:os", "@file", "#let x", "$ x $", "=1+1",
    "NULL", "null ", "undefined", "None", "true", "TRUE", "-1", "0000", "[]", "\\u0000", "\\x00", "&#0;", "%00", "%0a", "E'\\0'",
)
TYPES: tuple[Any, ...] = (
    None, True, False, [], {}, [[]], [{}], {"a": 1}, 0, 1, -1, 1.5, "", " ", "null", "NULL", [None], ["x"],
)
DATES = (
    "0000-00-00", "0000-01-01", "0001-01-01", "9999-12-31", "9999-12-31 23:59:59", "2025-02-30", "2025-02-29", "2025-13-01",
    "2025-00-10", "1900-01-01", "1899-12-31", "2199-12-31 23:59:59", "2199-12-31T23:59:59Z", "2200-01-01", "1582-10-10",
    "2025-03-05 24:00:00", "2025-03-05 23:59:60", "2025-03-05T25:61:61", "20250305", "2025/03/05", "1741138811", "-1",
    "2025-03-05T09:00:00-23:59", "2025-03-05T09:00:00+08:00", "2025-3-5", "２０２５-０３-０５", "12025-01-01", "2026-11-31",
    "1900-01-01T00:00:00Z", "1940-06-01 00:30:00", "1986-05-04 02:30:00", "2025-03-05 09:00:00.9999999999", "2199-12-31",
)
CODES = ("99", "0", "-1", "00", "000000", "1 ", "é", "9999999", "1'", "", "A")
FREE: tuple[Any, ...] = (1e300, "1e400", "NaN", "0.33333", "2", "-1", "9" * 4000, ["x"] * 500)
MEMBERS = (
    "__proto__", "constructor", "__class__", "$where", "", "\u0000", "a" * 5_000, "psn_no ", "PSN_NO", "漢", "\ud800", "..",
    "state", "fund_fen", "hifp_pay", "person_id", "setl_id", "actor", "at", "form", "id", "input", "data", "\n",
)
NODES = ("data", "feedetail", "mdtrtinfo", "diseinfo", "setlinfo", "signIn", "DATA", "")
AREAS = ("370100", "371599", "379900", "110000", "000000", "999999", "37150", "3715000", "abcdef", "820000")
INFNOS: tuple[Any, ...] = (
    "", "0", "9999", "3201", "22 07", "2207\n", "２２０７", "2207'", "2207A", "../2207", "abcdef", "1" * 500, 2207, None, [],
    {"a": 1}, 2207.0, True,
)
ENTRY = "/fsi/api/rsfComIfsService/callService"
PATHS = (
    ENTRY + "/1101", ENTRY + "/2207", ENTRY + "/", ENTRY + "//", ENTRY + "/9999", ENTRY + "/../healthz", ENTRY + "/%00", "/",
    "//", "/fsi", "/fsi/", "/fsi/api", ENTRY + "/%2e%2e", ENTRY.upper(), ENTRY + "?infno=2208", "/" + "a" * 5_000, "/fsi/%00",
    ENTRY + "/%ff%fe", ENTRY + "/%E5%AD%97", ENTRY + "/" + "1" * 300, "/admin/", "/static/x", ENTRY + ";x", "/%",
)
METHODS = ("GET", "PUT", "DELETE", "PATCH", "HEAD", "OPTIONS", "TRACE", "post", "Post", "CONNECTX", "PROPFIND", "A" * 100)
CONTENT_TYPES = (
    "text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "application/xml", "", "x",
    "application/json; charset=gbk", "application/json; charset=utf-16", 'application/json; charset="', "a" * 3_000,
)
LENGTHS = ("0", "1", "-1", "", "abc", "1e3", "9" * 11, "9" * 30, "0x10", "+5", " 7", "1,1", "²")
HEADERS = (
    ("Host", ""), ("Host", "evil.example"), ("Host", "a b"), ("Host", "[::1"), ("Host", "x" * 300), ("Range", "x"),
    ("Host", "127.0.0.1:99999"), ("X-Forwarded-For", "1.1.1.1, evil"), ("Cookie", "a=" + "x" * 2_000), ("X-A", "é"),
    ("Authorization", "Basic !!!"), ("X-" + "a" * 200, "x" * 3_000), ("X-A", "\x7f"), ("X-A", "%s"), ("X-A", ""),
)
SIGNATURES = (
    "", " ", "0", "-1", "9" * 30, "NaN", "1e9", "１２", "é", "x" * 5_000, "KEY", "'", "a:b:c", ":", "1741138811", "\x7f", "=",
)
LINE = (
    "feedetl_sn", "mdtrt_id", "psn_no", "chrg_bchno", "fee_ocur_time", "med_list_codg", "det_item_fee_sumamt", "cnt", "pric",
    "medins_list_codg", "hosp_appr_flag",
)
OTHERS: dict[str, list[str]] = {
    "psn_no": ["0", "NOBODY"], "mdtrt_id": ["0", "V1"], "setl_id": ["0"], "psn_name": ["别人", "*", "_"],
    "chrg_bchno": ["0000", "B1", "B2"], "feedetl_sn": ["0000", "1", "L1"], "med_list_codg": ["NO-SUCH", "0"],
    "init_feedetl_sn": ["1", "L1", "0000"], "insutype": ["310", "390", "340"], "mdtrt_cert_no": ["0"], "certno": ["0"],
    "oinfno": ["2207", "2304", "2401", "2208", "2601", "9001"], "sign_no": ["x", "20250305094011abcdefabcdef"],
    "fixmedins_code": ["H00000000000", ""],
}
