//! Every command on a good day.

use serde_json::{Value, json};

use crate::fernet::encrypt;
use crate::ground::Ground;
use crate::metastore::Metastore;
use crate::vault::{Vault, all_of, shared};

/// The canaries that `--show-fields` may show.
const SHOWABLE: [&str; 4] = ["host", "login", "schema", "conn_type"];

/// A metastore full of canaries, some of them encrypted, to be carried into a Vault.
async fn metastore_to_vault() -> Ground {
    let mut ground = Ground::new();
    ground.disown("airflow.db");
    let metastore = Metastore::make(ground.folder()).await;
    let key = ground.aviary.hatch_key("Fernet key");
    let aviary = &mut ground.aviary;
    let mut plain = |name: &str| aviary.hatch_plain(name);
    let (host, schema, conn_type) = (plain("host"), plain("schema"), plain("conn_type"));
    let mut hatch = |name: &str| aviary.hatch(name);
    let (login, description) = (hatch("login"), hatch("description"));
    let extra = json!({"leaf": hatch("extra leaf"), "deep": {"list": [hatch("deep leaf")]}}).to_string();
    let sealed_extra = json!({"leaf": hatch("sealed extra leaf")}).to_string();
    let document = json!({"inside": hatch("variable document")}).to_string();
    let quoted = |text: &str| text.replace('\'', "''");
    for (id, encrypted, password, extra) in [
        ("open", "FALSE", hatch("password"), extra),
        ("sealed", "TRUE", encrypt(&key, &hatch("sealed password")), encrypt(&key, &sealed_extra)),
    ] {
        let row = [id, &conn_type, &description, &host, &schema, &login, &password, &extra].map(quoted).join("', '");
        metastore
            .change(&format!(
                "INSERT INTO connection (conn_id, conn_type, description, host, schema, login, password, extra, port,
                    is_encrypted, is_extra_encrypted) VALUES ('{row}', 65000, {encrypted}, {encrypted})"
            ))
            .await;
    }
    let variables = [
        ("v_open", "FALSE", hatch("variable")),
        ("v_document", "FALSE", document),
        ("v_sealed", "TRUE", encrypt(&key, &hatch("sealed variable"))),
    ];
    for (id, encrypted, value) in variables {
        let value = quoted(&value);
        let row = format!("INSERT INTO variable (key, val, is_encrypted) VALUES ('{id}', '{value}', {encrypted})");
        metastore.change(&row).await;
    }
    ground.put("metastore.url", &metastore.url());
    ground.put("fernet.key", &key);
    to_vault(
        &mut ground,
        "[stores.from]\nkind = \"airflow-metastore\"\nurl = { file = \"metastore.url\" }\n\
                           fernet-key = { file = \"fernet.key\" }",
        "",
    )
    .await;
    ground
}

/// Writes a config that carries a source into a mount of its own, with a token and a ledger key that are canaries too.
pub async fn to_vault(ground: &mut Ground, source: &str, job: &str) -> String {
    let vault = shared().await;
    to_vault_at(ground, vault, &vault.address, source, job).await
}

/// The same for one Vault, reached at another address.
pub async fn to_vault_at(ground: &mut Ground, vault: &Vault, address: &str, source: &str, job: &str) -> String {
    let mount = vault.mount(2).await;
    let token = vault.token_with(&all_of(&mount), Value::Null).await;
    ground.aviary.watch("Vault token", token.as_bytes());
    ground.put("token", &token);
    let ledger_key = ground.aviary.hatch_key("ledger key");
    ground.put("ledger.key", &ledger_key);
    let config = format!(
        "[ledger]\nurl = \"sqlite://ledger.db\"\nkey = {{ file = \"ledger.key\" }}\n\n{source}\n\n[stores.to]\n\
         kind = \"vault\"\naddress = {:?}\nmount = {mount:?}\n\
         auth = {{ method = \"token\", token = {{ file = \"token\" }} }}\n\n\
         [jobs.ferry]\nsource = \"from\"\ntarget = \"to\"\n{job}\n",
        address
    );
    ground.put("secretferry.toml", &config);
    mount
}

#[tokio::test]
async fn a_metastore_into_a_vault() {
    let mut ground = metastore_to_vault().await;
    for json in [&[][..], &["--json"]] {
        let plan = [&["plan", "--show-fields", "host,login,schema,conn_type,port"], json].concat();
        let shown = ground.run_showing(&plan, &SHOWABLE).await;
        for name in SHOWABLE {
            assert!(ground.aviary.seen_in(shown.out.as_bytes()).contains(name), "the control: {name} was asked for");
        }
        assert!(shown.out.contains("65000"), "the control: the port too");
        ground.run_showing(&[&["plan", "--show-fields", "host"], json].concat(), &["host"]).await;
    }
    ground.run(&["plan", "--show-fields", "password"]).await.with_code(2);
    ground.run(&["plan", "--show-fields", "extra"]).await.with_code(2);
    let apply = ["apply", "--yes", "--show-fields", "host,login,schema,conn_type,port", "-vvv"];
    let applied = ground.run_showing(&apply, &SHOWABLE).await.with_code(0);
    assert!(applied.out.contains("5 created"), "{applied:?}");
    ground.search_files();
    ground.run_all(&["open", "sealed", "v_open", "v_document", "v_sealed", "nothing"]).await;
    assert!(ground.aviary.names().len() >= 14 && ground.runs > 80, "{} runs", ground.runs);
}

#[tokio::test]
async fn files_into_files() {
    let mut ground = Ground::new();
    for name in ["connections.json", "variables.json", "configs.json"] {
        for file in [format!("to-{name}"), name.to_owned()] {
            ground.disown(&file);
        }
    }
    let mut hatch = |name: &str| ground.aviary.hatch(name);
    let uri = |password: &str, extra: &str| format!("postgres://me:{password}@db:1/s?leaf={extra}");
    let connections = json!({
        "fields": {"conn_type": "http", "host": "h", "password": hatch("password"), "extra": {"leaf": hatch("extra leaf")}},
        "uri": uri(&uri_safe(&mut hatch, "URI password"), &uri_safe(&mut hatch, "URI extra")),
    });
    let variables = json!({"text": hatch("variable"), "document": {"deep": [hatch("variable document")]}});
    let configs = json!({"sql_alchemy_conn": hatch("config")});
    for (name, content) in [("connections", connections), ("variables", variables), ("configs", configs)] {
        ground.put(&format!("{name}.json"), &content.to_string());
    }
    let store = |name: &str, prefix: &str| {
        format!(
            "[stores.{name}]\nkind = \"local-files\"\nconnections-file = \"{prefix}connections.json\"\n\
             variables-file = \"{prefix}variables.json\"\nconfigs-file = \"{prefix}configs.json\"\n"
        )
    };
    let config = format!(
        "{}{}[jobs.ferry]\nsource = \"from\"\ntarget = \"to\"\nkinds = [\"connections\", \"variables\", \"configs\"]\n\
         readers = [\"airflow-3\"]\n",
        store("from", ""),
        store("to", "to-")
    );
    ground.put("secretferry.toml", &config);
    let created = ground.run(&["apply", "--yes", "-vvv", "--json"]).await;
    assert_eq!(created.json()["counts"]["created"], 4, "all but the document: {created:?}");
    let key = std::fs::read(ground.folder().join("secretferry.db.key")).unwrap();
    ground.aviary.watch("ledger key", key.trim_ascii());
    ground.disown("secretferry.db.key");
    ground.run_all(&["fields", "uri", "text", "document", "sql_alchemy_conn"]).await;
}

/// The letters of a canary: what a URI takes as they are.
fn uri_safe(hatch: &mut impl FnMut(&str) -> String, name: &str) -> String {
    hatch(name).chars().filter(char::is_ascii_alphanumeric).collect()
}

#[tokio::test]
async fn the_demo_and_the_rest() {
    let mut ground = Ground::new();
    for arguments in [&["completions", "bash"][..], &["--help"], &["apply", "--help"], &["--version"]] {
        ground.run(arguments).await.with_code(0);
    }
    ground.run(&["demo", "--folder", "first"]).await.with_code(0);
    let sample = find(ground.folder(), "connections.json");
    let sample: Value = serde_json::from_str(&std::fs::read_to_string(sample).unwrap()).unwrap();
    let passwords = sample.as_object().unwrap().values().filter_map(|connection| connection["password"].as_str());
    let passwords: Vec<_> = passwords.filter(|password| password.len() > 5).collect();
    assert!(passwords.len() > 3, "the control: the sample has secrets");
    for (folder, talk) in [("second", "-v"), ("third", "-vvv"), ("fourth", "--json")] {
        let ended = ground.run(&["demo", "--folder", folder, talk]).await.with_code(0);
        let leaks: Vec<_> =
            passwords.iter().filter(|password| (ended.out.clone() + &ended.err).contains(**password)).collect();
        assert!(leaks.is_empty(), "{leaks:?}");
    }
}

fn find(folder: &std::path::Path, name: &str) -> std::path::PathBuf {
    let found = std::process::Command::new("find").arg(folder).args(["-name", name]).output().unwrap();
    let found = String::from_utf8(found.stdout).unwrap();
    found.lines().next().unwrap_or_else(|| panic!("no {name}")).into()
}
