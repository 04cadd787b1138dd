//! Values that are refused, noted or misunderstood: whatever is said of them is said without them.

use serde_json::{Value, json};

use crate::canary::Aviary;
use crate::commands::to_vault;
use crate::fernet::encrypt;
use crate::ground::Ground;
use crate::metastore::Metastore;
use crate::vault::shared;

const METASTORE: &str = "[stores.from]\nkind = \"airflow-metastore\"\nurl = { file = \"metastore.url\" }\n\
                         fernet-key = { file = \"fernet.key\" }";

/// Where a canary sits, and what stands around it: `@` is the canary.
type Odd = (&'static str, &'static str);

const CONNECTIONS: &[Odd] = &[
    ("extra", "not json @"),
    ("extra", "{\"a\": \"@"),
    ("extra", "{\"a\": \"@\", \"a\": 1}"),
    ("extra", "{\"a\": NaN, \"b\": \"@\"}"),
    ("extra", "[\"@\"]"),
    ("extra", "\"@\""),
    ("extra", "{\"conn_type\": \"@\", \"__extra__\": \"@\"}"),
    ("extra", "{\"a\": \"\\ud800@\"}"),
    ("extra", "{\"a\": \"***\", \"b\": \"@\"}"),
    ("extra", "{'python': '@'}"),
    ("extra", "{\"a\": 1e999, \"b\": [[[\"@\"]]], \"c\": 12345678901234567890123}"),
    ("password", "{\"looks\": \"like @\"}"),
    ("password", "\"@\""),
    ("password", "@***"),
    ("password", "gAAAAABk@"),
    ("password", "line\nbreak @\u{7}\u{1b}[31m"),
    ("password", "  @  "),
    ("host", "https://user:@@host:99/path?query=@#@"),
    ("host", "postgres://@"),
    ("host", " @\n"),
    ("login", "@:@/@"),
    ("login", "***@"),
    ("schema", "@?a=@&b"),
    ("description", "@\n***"),
    ("conn_type", "Odd-TYPE_@"),
    ("conn_type", "ho st/@:"),
    ("port", "@"),
    ("port", "65536@"),
    ("is_encrypted", "@"),
    ("is_extra_encrypted", "@"),
];

const VARIABLES: &[&str] = &[
    "\"@\"",
    "{\"a\": \"@",
    "\u{feff}@",
    "***@",
    "[\"***\", \"@\"]",
    "{\"password\": \"***\", \"user\": \"@\"}",
    "gAAAAABk@",
    "@\0@",
    "  @\r\n",
    "postgres://me:@@host/db",
    "$ANSIBLE_VAULT;1.1;AES256 @",
];

const URIS: &[&str] = &[
    "@",
    "not a uri @",
    "postgres://me:@@host:notaport/db",
    "postgres://me:@@host:99999999/db",
    "postgres://me:@@[::1/db",
    "postgres://@:@@@/@?@=@",
    "postgres://h/?__extra__=%7B%22a%22%3A%22@",
    "postgres://h/?__extra__=@",
    "postgres://h/?password=@&password=@",
    "aws://%ZZ@:%@@/",
    "://@",
    "a_b://me:@@host",
    "{\"conn_type\": \"x\", \"password\": \"@\", \"unknown\": \"@\"}",
    "{\"conn_type\": \"x\", \"port\": \"@\"}",
    "{\"conn_type\": \"x\", \"password\": \"@\"",
    "{\"conn_type\": 1, \"password\": [\"@\"]}",
    "[\"@\"]",
    "http://me:@@host/http://other:@@host",
];

fn planted(aviary: &mut Aviary, name: &str, text: &str) -> String {
    let canary = aviary.hatch_plain(name);
    text.replace('@', &canary)
}

#[tokio::test]
async fn odd_rows_of_a_metastore() {
    let mut ground = Ground::new();
    ground.disown("airflow.db");
    let metastore = Metastore::make(ground.folder()).await;
    let quoted = |text: &str| text.replace('\'', "''");
    for (place, (column, text)) in CONNECTIONS.iter().enumerate() {
        let text = quoted(&planted(&mut ground.aviary, &format!("{column} {text}"), text));
        metastore
            .change(&format!(
                "INSERT INTO connection (conn_id, conn_type, is_encrypted, is_extra_encrypted)
                    VALUES ('c{place}', 'http', FALSE, FALSE);
                 UPDATE connection SET {column} = '{text}' WHERE conn_id = 'c{place}'"
            ))
            .await;
    }
    for (place, text) in VARIABLES.iter().enumerate() {
        let text = planted(&mut ground.aviary, text, text);
        metastore.set_variable(&format!("v{place}"), &text).await;
    }
    let (key, other) = (ground.aviary.hatch_key("Fernet key"), ground.aviary.hatch_key("another Fernet key"));
    let lost = ground.aviary.hatch("undecryptable");
    let bytes = ground.aviary.hatch_plain("no UTF-8");
    let hex: String = bytes.bytes().map(|byte| format!("{byte:02x}")).collect();
    let rows = format!(
        "INSERT INTO variable (key, val, is_encrypted) VALUES ('lost', '{}', TRUE), ('not a token', '{bytes}', TRUE),
            ('bytes', CAST(x'ff{hex}ff' AS TEXT), FALSE), ('blob', x'ff{hex}', FALSE)",
        encrypt(&other, &lost)
    );
    metastore.change(&rows).await;
    ground.put("metastore.url", &metastore.url());
    ground.put("fernet.key", &key);
    to_vault(&mut ground, METASTORE, "format = \"fields\"").await;
    let first = ground.run(&["plan", "--json"]).await.with_code(3).json();
    assert!(first["counts"]["block"].as_u64().unwrap() > 5, "the control: much is refused: {}", first["counts"]);
    assert!(first["counts"]["quarantine"].as_u64().unwrap() > 3, "the control: {}", first["counts"]);
    ground.run_all(&["c0", "c16", "v0", "lost", "bytes"]).await;
    let huge = ground.aviary.hatch_plain("too large");
    metastore.set_variable("huge", &huge.repeat(40_000)).await;
    std::fs::remove_file(ground.folder().join("ledger.db")).unwrap();
    to_vault(&mut ground, METASTORE, "format = \"uri\"").await;
    let ended = ground.run(&["apply", "--yes", "--json", "-vvv"]).await.with_code(3);
    assert_eq!(ended.of("huge").1, "too-large");
    ground.search_files();
}

#[tokio::test]
async fn odd_entries_of_files() {
    let mut ground = Ground::new();
    let mut connections = serde_json::Map::new();
    for (place, text) in URIS.iter().enumerate() {
        let text = planted(&mut ground.aviary, text, text);
        connections.insert(format!("c{place}"), text.into());
    }
    let hatched = ground.aviary.hatch("odd entry");
    for (place, entry) in [json!([hatched]), json!({"x": hatched}), json!([[hatched], 1]), json!({"port": hatched})]
        .into_iter()
        .enumerate()
    {
        connections.insert(format!("e{place}"), entry);
    }
    ground.put("connections.json", &Value::Object(connections).to_string());
    ground.put("variables.json", &json!({"v": hatched, "n": null, "l": [hatched, 1]}).to_string());
    let store = "[stores.from]\nkind = \"local-files\"\nconnections-file = \"connections.json\"\n\
                 variables-file = \"variables.json\"";
    for format in ["fields", "json", "uri"] {
        to_vault(&mut ground, store, &format!("format = {format:?}")).await;
        let _ = std::fs::remove_file(ground.folder().join("ledger.db"));
        ground.run(&["plan", "-vvv"]).await;
        ground.run(&["apply", "--yes", "--json"]).await;
        ground.run(&["verify"]).await;
    }
    ground.run_all(&["c0", "c2", "e0"]).await;
    for broken in [
        "{\"c\": \"@\"",
        "{\"c\": \"@\" \"d\": 1}",
        "@",
        "[\"@\"]",
        "{\"c\": @}",
        "{\"c\": \"\\x@\"}",
        "\u{feff}{\"c\": \"@\"}",
    ] {
        let text = planted(&mut ground.aviary, broken, broken);
        ground.put("connections.json", &text);
        for command in [&["plan"][..], &["check"], &["apply", "--yes", "--json", "-vvv"], &["verify"], &["show", "c"]] {
            ground.run(command).await;
        }
    }
    ground.search_files();
}

/// What somebody else left in the target, readable or not.
#[tokio::test]
async fn odd_keys_of_the_target() {
    let vault = shared().await;
    for policy in ["block", "adopt", "overwrite"] {
        let mut ground = Ground::new();
        ground.disown("airflow.db");
        let metastore = Metastore::make(ground.folder()).await;
        ground.put("metastore.url", &metastore.url());
        let key = ground.aviary.hatch_key("Fernet key");
        ground.put("fernet.key", &key);
        let job = format!("[jobs.ferry.policy]\nforeign = {policy:?}");
        let mount = to_vault(&mut ground, METASTORE, &job).await;
        let mut there = Vec::new();
        for (place, text) in URIS.iter().enumerate() {
            let text = planted(&mut ground.aviary, text, text);
            there.push((format!("connections/c{place}"), json!({"conn_uri": text})));
        }
        let hatched = ground.aviary.hatch("theirs");
        there.push(("connections/c90".to_owned(), json!({"conn_type": "x", "port": hatched, "extra": {"a": hatched}})));
        there.push(("connections/c91".to_owned(), json!({"password": hatched, "more": hatched})));
        there.push(("variables/c92".to_owned(), json!({"value": {"a": hatched}})));
        there.push(("variables/c93".to_owned(), json!({"other": hatched})));
        for (path, data) in there {
            vault.must("POST", &format!("{mount}/data/{path}"), json!({"data": data})).await;
            let id = path.split('/').nth(1).unwrap();
            let row = format!(
                "INSERT INTO connection (conn_id, conn_type, is_encrypted, is_extra_encrypted) VALUES ('{id}', 'http', FALSE, FALSE)"
            );
            metastore.change(&row).await;
            metastore.set_variable(id, "harmless").await;
        }
        ground.run_all(&["c0", "c3", "c90", "c92"]).await;
    }
}
