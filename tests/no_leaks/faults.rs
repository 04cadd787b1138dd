//! Every fault that can be had: whatever a store, a disk or a person does wrong, the words about it hold no value.

use serde_json::{Value, json};

use crate::commands::to_vault_at;
use crate::ferry::start;
use crate::ground::Ground;
use crate::metastore::{FERNET_KEY, Metastore};
use crate::proxy::{Deed, Proxy, Received};
use crate::vault::{Vault, shared};

const FILES: &str = "[stores.from]\nkind = \"local-files\"\nconnections-file = \"connections.json\"\n\
                     variables-file = \"variables.json\"";
const COMMANDS: [&[&str]; 7] = [
    &["plan", "-vvv"],
    &["apply", "--yes", "--json", "-vvv"],
    &["apply", "--yes"],
    &["verify", "-vv"],
    &["check", "-v"],
    &["show", "c"],
    &["history", "--json"],
];

/// Files full of canaries, to be carried into a Vault behind a proxy.
async fn files_to(vault: &Vault) -> (Ground, Proxy, String) {
    let mut ground = Ground::new();
    let proxy = Proxy::before(&vault.address).await;
    let mut hatch = |name: &str| ground.aviary.hatch(name);
    let connection = json!({
        "conn_type": "http", "host": hatch("host"), "login": hatch("login"), "password": hatch("password"),
        "extra": json!({"leaf": hatch("extra leaf")}).to_string(),
    });
    let variables: serde_json::Map<_, _> =
        (0..20).map(|number| (format!("v{number:02}"), Value::from(hatch(&format!("variable {number}"))))).collect();
    ground.put("connections.json", &json!({"c": connection}).to_string());
    ground.put("variables.json", &Value::Object(variables).to_string());
    let mount = to_vault_at(&mut ground, vault, &proxy.address, FILES, "").await;
    (ground, proxy, mount)
}

async fn all_commands(ground: &mut Ground, fails: &str) {
    for command in COMMANDS {
        let ended = ground.run(command).await;
        if command[0] == "apply" {
            assert_ne!(ended.code, Some(0), "the control: {command:?} meets {fails}");
        }
    }
    ground.search_files();
}

#[tokio::test]
async fn tokens_and_rights() {
    let vault = shared().await;
    let (mut ground, _proxy, mount) = files_to(vault).await;
    for made_up in [ground.aviary.hatch_plain("made-up token"), ground.aviary.hatch("no token at all")] {
        ground.put("token", &made_up);
        all_commands(&mut ground, "a token that is none").await;
    }
    let spaced = format!("hvs.\n{}", ground.aviary.hatch_plain("token of two lines"));
    ground.put("token", &spaced);
    all_commands(&mut ground, "a token of two lines").await;
    for rights in [
        "path \"sys/x\" { capabilities = [\"read\"] }".to_owned(),
        format!("path \"{mount}/metadata/*\" {{ capabilities = [\"read\", \"list\"] }}"),
    ] {
        let token = vault.token_with(&rights, Value::Null).await;
        ground.aviary.watch("poor token", token.as_bytes());
        ground.put("token", &token);
        all_commands(&mut ground, "a token without rights").await;
    }
}

#[tokio::test]
async fn approles() {
    let vault = shared().await;
    let (mut ground, _proxy, mount) = files_to(vault).await;
    let (method, name, role) = vault.approle(&crate::vault::all_of(&mount), Value::Null).await;
    let secret = vault.secret_id(&method, &name).await;
    ground.aviary.watch("role id", role.as_bytes());
    ground.aviary.watch("secret id", secret.as_bytes());
    ground.put("role-id", &role);
    ground.put("secret-id", &secret);
    let config = std::fs::read_to_string(ground.folder().join("secretferry.toml")).unwrap();
    let token = "auth = { method = \"token\", token = { file = \"token\" } }";
    let login = |more: &str| {
        config.replace(
            token,
            &format!(
                "auth = {{ method = \"approle\", mount = {method:?}, role-id = {{ file = \"role-id\" }}, \
                 secret-id = {{ file = \"secret-id\" }}{more} }}"
            ),
        )
    };
    ground.put("secretferry.toml", &login(""));
    ground.run_all(&["c", "v00"]).await;
    ground.put("secretferry.toml", &login(", wrapped = true"));
    all_commands(&mut ground, "a secret id that is not wrapped").await;
    ground.put("secretferry.toml", &login(""));
    for (file, name) in [("secret-id", "wrong secret id"), ("role-id", "wrong role id")] {
        let wrong = ground.aviary.hatch_plain(name);
        ground.put(file, &wrong);
        all_commands(&mut ground, "a login that fails").await;
    }
}

#[tokio::test]
async fn a_sealed_vault() {
    let vault = Vault::start(&[]);
    let (mut ground, _proxy, _) = files_to(&vault).await;
    vault.must("PUT", "sys/seal", Value::Null).await;
    for command in [&["apply", "--yes", "--json", "-vvv"][..], &["check"]] {
        assert_ne!(ground.run(command).await.code, Some(0));
    }
    ground.search_files();
}

/// A Vault, or whoever stands in its place, that repeats what it was sent, and more, in every answer.
#[tokio::test]
async fn servers_that_echo() {
    let vault = shared().await;
    let (mut ground, proxy, _) = files_to(vault).await;
    let secret = ground.aviary.hatch("echo");
    let about_data = |request: &Received| request.line.contains("/data/") || request.line.contains("/metadata/v");
    let answers = [
        (400, json!({"errors": [secret, format!("1 error occurred: {secret}")]}).to_string()),
        (403, json!({"errors": [format!("permission denied {secret}")]}).to_string()),
        (500, secret.clone()),
        (200, secret.clone()),
        (200, json!({"data": {"data": {"value": secret}, "metadata": secret}}).to_string()),
        (200, format!("{{\"data\": {{\"data\": \"{}", secret.replace(['"', '\\'], ""))),
        (404, json!({"data": secret, "warnings": [secret]}).to_string()),
        (418, format!("<html>{secret}</html>")),
    ];
    for (status, body) in answers {
        let served = body.clone();
        proxy.rule(move |request| match about_data(request) {
            true => Deed::Answer(status, vec![("x-vault-echo", "yes".to_owned())], served.clone()),
            false => Deed::Pass,
        });
        let applied = ground.run(&["apply", "--yes", "--json", "-vvv"]).await;
        assert_ne!(applied.code, Some(0), "the control: {status} {body}");
        for command in [&["plan", "-vvv"][..], &["show", "c"], &["show", "v00", "--json"]] {
            ground.run(command).await;
        }
        let served = body.clone();
        proxy.rule(move |_| Deed::Answer(status, Vec::new(), served.clone()));
        ground.run(&["check", "-vvv"]).await;
    }
    let place = format!("{}/{}", proxy.address, secret.chars().filter(char::is_ascii_alphanumeric).collect::<String>());
    proxy.rule(move |_| Deed::Answer(307, vec![("location", place.clone())], String::new()));
    assert_ne!(ground.run(&["apply", "--yes", "-vvv"]).await.code, Some(0));
    ground.search_files();
}

#[tokio::test]
async fn conflicts_lost_answers_and_death() {
    let vault = shared().await;
    let (mut ground, proxy, mount) = files_to(vault).await;
    let gate = proxy.hold("/data/variables/v00", Deed::HoldRequest);
    let running = start(ground.folder(), &["apply", "--yes", "--json", "-vvv"]);
    proxy.holds(1).await;
    let theirs = json!({"data": {"value": ground.aviary.hatch("theirs")}});
    vault.must("POST", &format!("{mount}/data/variables/v00"), theirs).await;
    gate.open();
    let ended = ground.search(running, &["apply"], &[]).await.with_code(3);
    assert_eq!(ended.of("v00").1, "target-moved");
    let changed = ground.aviary.hatch("changed");
    let variables = json!({"v01": changed, "v02": changed}).to_string();
    ground.put("variables.json", &variables);
    proxy.hold("/data/", Deed::HoldAnswer);
    let running = start(ground.folder(), &["apply", "--yes", "--json", "-vvv"]);
    proxy.holds(1).await;
    ground.search_files();
    running.signal("KILL").await;
    running.ended().await;
    proxy.pass();
    ground.run_all(&["c", "v00", "v01"]).await;
}

#[tokio::test]
async fn a_ledger_that_cannot_grow() {
    let vault = shared().await;
    let (mut ground, _proxy, _) = files_to(vault).await;
    for blocks in [8, 600] {
        let line = format!("trap '' XFSZ; ulimit -f {blocks}; exec \"$0\" apply --yes --json -vvv");
        ground.run_line(&line).await.with_code(1);
        ground.search_files();
    }
    ground.run_all(&["c"]).await;
    let wrong = ground.aviary.hatch_key("another ledger key");
    ground.put("ledger.key", &wrong);
    all_commands(&mut ground, "another ledger key").await;
    let wrong = ground.aviary.hatch("no ledger key");
    ground.put("ledger.key", &wrong);
    all_commands(&mut ground, "no ledger key").await;
}

#[tokio::test]
async fn databases_that_cannot_be_reached() {
    let vault = shared().await;
    let (mut ground, proxy, _) = files_to(vault).await;
    let source = "[stores.from]\nkind = \"airflow-metastore\"\nurl = { file = \"metastore.url\" }\n\
                  fernet-key = { file = \"fernet.key\" }\ntimeout = \"3s\"";
    to_vault_at(&mut ground, vault, &proxy.address, source, "").await;
    ground.put("fernet.key", FERNET_KEY);
    let postgres =
        std::env::var("SECRETFERRY_TEST_POSTGRES").expect("SECRETFERRY_TEST_POSTGRES is not set: run `make test`");
    let host = postgres.rsplit('@').next().unwrap().to_owned();
    let secret = ground.aviary.hatch_plain("database password");
    for url in [
        format!("postgresql+psycopg2://postgres:{secret}@{host}"),
        format!("postgresql://me:{secret}@127.0.0.1:1/airflow"),
        format!("postgresql://me:{secret}@nowhere.invalid/airflow"),
        format!("postgresql://me:{secret}@{secret}@host/airflow"),
        format!("postgresql://me:{secret}@host:{secret}/airflow"),
        format!("postgresql://me:{secret}@host:99999999/airflow?{secret}={secret}"),
        format!("postgresql://me:%zz{secret}@host/airflow?sslmode={secret}"),
        format!("postgresql://h/d?password={secret}&options={secret}&sslpassword={secret}"),
        format!("mysql+pymysql://me:{secret}@host/airflow"),
        format!("oracle://me:{secret}@host/airflow"),
        format!("sqlite:////nowhere/airflow.db?key={secret}"),
        format!("{secret}://{secret}"),
        secret.clone(),
    ] {
        ground.put("metastore.url", &url);
        for command in [&["check", "-vvv"][..], &["apply", "--yes", "--json", "-vvv"]] {
            assert_ne!(ground.run(command).await.code, Some(0), "the control: {url} leads nowhere");
        }
    }
    ground.disown("airflow.db");
    let metastore = Metastore::make(ground.folder()).await;
    ground.put("metastore.url", &metastore.url());
    metastore.change("INSERT INTO variable (key, val, is_encrypted) VALUES ('v', 'x', FALSE)").await;
    let keys = [ground.aviary.hatch("no Fernet key"), ground.aviary.hatch_plain("nor this")];
    for key in [keys[0].clone(), format!("{FERNET_KEY},{}", keys[1])] {
        ground.put("fernet.key", &key);
        all_commands(&mut ground, "no Fernet key").await;
    }
}
