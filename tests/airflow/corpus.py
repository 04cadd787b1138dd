"""corpus.py: what the test metastores hold, as plain data; seed.py stores it through Airflow."""

import base64
import json

# Thirty-two readable bytes each: nobody can mistake them for keys that guard something.
FIRST_KEY = base64.urlsafe_b64encode(b"first-test-key-of-secretferry-01").decode()
SECOND_KEY = base64.urlsafe_b64encode(b"other-test-key-of-secretferry-02").decode()
UNKNOWN_KEY = base64.urlsafe_b64encode(b"third-test-key-of-secretferry-03").decode()

# How a column is stored. `first`: encrypted by Airflow itself under the first key of the list. `second`, `unknown`:
# encrypted under another key. `plain`: as it is, flag false. `null-flag`: as it is, flag NULL (2.x alone has that).
# `claimed`: as it is, though the flag says encrypted.
GOLDEN_STORAGE = [
    ("first", "first"),
    ("first", "first"),
    ("plain", "plain"),
    ("second", "second"),
    ("first", "plain"),
    ("plain", "first"),
    ("second", "first"),
    ("first", "second"),
]

ALL = ("2.11.2", "3.3.2")
TWO = ("2.11.2",)
THREE = ("3.3.2",)

FIELDS = ("conn_type", "description", "host", "login", "password", "schema", "port", "extra")


def connection(conn_id, password_storage="first", extra_storage="first", *, versions=ALL, team=None, **fields):
    """One row of the table `connection`; a field that is not named is null."""
    return {
        "id": conn_id,
        "fields": {"conn_type": "http", **{name: fields[name] for name in fields}},
        "storage": (password_storage, extra_storage),
        "versions": versions,
        "team": team,
    }


def variable(key, value, storage="first", *, description=None, versions=ALL, team=None):
    """One row of the table `variable`."""
    return {
        "id": key,
        "value": value,
        "description": description,
        "storage": storage,
        "versions": versions,
        "team": team,
    }


def golden_connections(path):
    """The golden vectors' fields, stored in every legal mixture of keys and flags."""
    with open(path, encoding="utf-8") as lines:
        rows = [json.loads(line) for line in lines]
    for index, row in enumerate(rows):
        yield connection(row["id"], *GOLDEN_STORAGE[index % len(GOLDEN_STORAGE)], **row["in"])


POSTGRES = {"conn_type": "postgres", "host": "db.example.com", "login": "u", "password": "p-4711", "port": 5432}

CONNECTIONS = [
    # Ids that a store's path, URL or file may stumble over; `dir` is both a key and a folder.
    connection("dir", **POSTGRES),
    connection("dir/", **POSTGRES),
    connection("dir/sub", **POSTGRES),
    connection("a/b/c", **POSTGRES),
    connection("has space", **POSTGRES),
    connection(" lead and trail ", **POSTGRES),
    connection("ü", **POSTGRES),
    connection("日本/語", **POSTGRES),
    connection("UPPER", **POSTGRES),
    connection("upper", **POSTGRES),
    connection("a.b-c", **POSTGRES),
    connection("my_db", **POSTGRES),
    connection("my-db", **POSTGRES),
    connection("x#y!(1)", **POSTGRES),
    connection("colon:and\\backslash", **POSTGRES),
    connection("50%41?q=1&r", **POSTGRES),
    connection("..", **POSTGRES),
    connection("../escape", **POSTGRES),
    connection("i" * 250, **POSTGRES),
    # Nulls and empties.
    connection("nothing_but_type"),
    connection("all_empty", conn_type="", description="", host="", login="", password="", schema="", port=0, extra=""),
    connection("empty_login_only", login=""),
    connection("flags_null", "null-flag", "null-flag", versions=TWO, password="plain", extra='{"a": 1}'),
    connection("flag_on_null_password", "claimed", "plain", extra='{"a": 1}'),
    # Independent flags, an older key, an unknown key.
    connection("password_encrypted_extra_plain", "first", "plain", password="p", extra='{"a": "b"}'),
    connection("password_plain_extra_encrypted", "plain", "first", password="p", extra='{"a": "b"}'),
    connection("older_key", "second", "second", password="old", extra='{"k": "old"}'),
    connection("unknown_key", "unknown", "unknown", password="lost", extra='{"k": "lost"}'),
    connection("unknown_key_password", "unknown", "plain", password="lost", extra='{"k": "kept"}'),
    connection("unknown_key_extra", "plain", "unknown", password="kept", extra='{"k": "lost"}'),
    connection("claimed_encrypted", "claimed", "plain", password="not a token"),
    # Poison and what looks like it.
    connection("poisoned_password", password="***"),
    connection("poisoned_host", host="***"),
    connection("poisoned_extra", extra='{"deep": {"list": ["a", "***"]}}'),
    connection("stars_inside", password="a***b"),
    # Texts that must survive byte for byte.
    connection("extra_spelling", extra='{"a":1.10,  "b" : 1e2, "a": 2, "ü": "\\u00fc", "n": NaN}'),
    connection("extra_not_json", extra="not json", versions=TWO),
    connection("extra_list", extra="[1, 2]", versions=TWO),
    # 3.x refuses to make such a row, yet holds those it was migrated with.
    connection("extra_migrated", "first", "plain", extra="not json", versions=THREE),
    connection("many_hosts", conn_type="kafka", host="k1.example.com:9092,K2.example.com:9092"),
    connection("every_byte", login="@:/?#[]% +&=", password="\t\"'\\$`ü🎉" + "x" * 200, schema="a/b?c"),
    connection("multi_line", conn_type="ssh", extra=json.dumps({"private_key": "line 1\nline 2\n"})),
    # Teams are a thing of 3.2 and later.
    connection("team_connection", versions=THREE, team="data", password="of the team"),
]

LOOKS_LIKE_TOKEN = "gAAAAABl" + "QUJD" * 23

VARIABLES = [
    variable("text", "plain text", description="a description"),
    variable("empty", ""),
    variable("empty_plain", "", "plain"),
    variable("null_value", None, versions=TWO),
    variable("blanks", "  \t "),
    variable("lead_and_trail", "  both  "),
    variable("trailing_newline", "value\n"),
    variable("crlf", "a\r\nb\r\n"),
    variable("multi_line_sql", "select 1\nfrom t\nwhere a = 'x'\n"),
    variable("bom", "\ufeffvalue"),
    variable("unicode", "Grüße 日本 🎉 e\u0301 \u2028 \u00a0"),
    variable("controls", "\x01\x1b[31m\x7f\x85"),
    variable("quotes", 'it\'s "quoted" `so` \\ $HOME {{ ds }} %s'),
    variable("json_object", '{"a": 1, "b": [true, null], "c": {"d": "e"}}'),
    variable("json_indented", '{\n  "a": 1\n}'),
    variable("json_number_spelling", '{"a":1.10,"b":1e2,"a":2}'),
    variable("json_array", "[1, 2, 3]"),
    variable("json_one_element", '["only"]'),
    variable("json_quoted", '"quoted"'),
    variable("json_number", "1.10"),
    variable("json_big_number", "123456789012345678901234567890"),
    variable("json_true", "true"),
    variable("json_null", "null"),
    variable("json_nan", "NaN"),
    variable("json_infinity", '{"x": -Infinity}'),
    variable("json_empty_object", "{}"),
    variable("json_broken", '{"a": '),
    variable("json_value_key", '{"value": 1}'),
    variable("json_surrogate", '{"a": "\\ud800"}'),
    variable("looks_like_uri", "postgres://u:p@h/db"),
    variable("looks_like_token", LOOKS_LIKE_TOKEN, "plain"),
    variable("poisoned", "***"),
    variable("poisoned_json", '{"a": ["***"]}'),
    variable("stars_inside", "a *** b"),
    variable("hundred_kilobytes", "0123456789abcde\n" * 6400),
    variable("plain", "stored as it is", "plain"),
    variable("older_key", "under the older key", "second"),
    variable("unknown_key", "lost", "unknown"),
    variable("claimed_encrypted", "not a token", "claimed"),
    variable("claimed_empty", "", "claimed"),
    variable("null_flag", "flag is null", "null-flag", versions=TWO),
    # Keys.
    variable("a/b/c", "nested"),
    variable("a/b", "key and folder"),
    variable("/leading", "slash"),
    variable("trailing/", "slash"),
    variable("double//slash", "slash"),
    variable("..", "parent"),
    variable("../up", "parent"),
    variable("has space", "blank"),
    variable(" outer blanks ", "blank"),
    variable("dots.and-dashes_and", "fine"),
    variable("under_score", "one"),
    variable("under-score", "other"),
    variable("Case", "mixed"),
    variable("CASE", "upper"),
    variable("case", "lower"),
    variable("ключ-é-🎉", "unicode"),
    variable("caf\u00e9", "composed"),
    variable("cafe\u0301", "decomposed"),
    variable("100%25?x=1#f&g", "URL marks"),
    variable("new\nline", "line"),
    variable("'quoted\"", "quotes"),
    variable("{{ ds }}", "template"),
    variable("team___key", "underscores"),
    variable("data--key", "dashes"),
    variable("", "empty key"),
    variable("k" * 250, "long key"),
    variable("described", "x", description="ü\nsecond line"),
    variable("team_variable", "of the team", versions=THREE, team="data"),
]
