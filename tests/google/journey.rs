//! The program as a user runs it, with Secret Manager as target and as source.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::fakes::google::{PROJECT, SecretManager};
use crate::fakes::server::Fake;
use crate::ferry::Ferry;

const FILES: &str = "kind = 'local-files'\nvariables-file = 'variables.json'";
const MANY: usize = 2_000;

fn table(fake: &Fake<SecretManager>, more: &str) -> String {
    format!(
        "kind = 'gcp-secret-manager'\nproject = '{PROJECT}'\nendpoint-url = '{}'\nauth = {{ method = 'none' }}\n\
         pace = {{ list = 100000, read = 100000, write = 100000 }}\n{more}",
        fake.address
    )
}

fn put(ferry: &Ferry, variables: &Value) {
    std::fs::write(ferry.path("variables.json"), variables.to_string()).unwrap();
}

/// What was asked for since this was last asked.
fn asked(fake: &Fake<SecretManager>) -> BTreeMap<String, u64> {
    fake.counts().into_iter().map(|(name, count)| (name.replace("secretmanager.", ""), count)).collect()
}

#[test]
fn thousands_of_secrets_of_which_none_has_changed_are_one_page_and_no_read() {
    let fake = SecretManager::start_open();
    let ferry = Ferry::new(
        &[("source", FILES), ("target", &table(&fake, ""))],
        &[("job", "source", "target")],
        "kinds = ['variables']",
    );
    let variables: BTreeMap<String, String> =
        (0..MANY).map(|number| (format!("key_{number:05}"), format!("value {number}"))).collect();
    put(&ferry, &json!(variables));
    let first = ferry.run(&["apply", "--yes"], 0);
    assert_eq!(first["counts"]["created"], MANY, "{:#}", first["counts"]);
    let expected =
        [("ListSecrets", 1), ("CreateSecret", MANY), ("AddSecretVersion", MANY), ("AccessSecretVersion", MANY)];
    let expected: BTreeMap<String, u64> = expected.map(|(name, count)| (name.to_owned(), count as u64)).into();
    assert_eq!(asked(&fake), expected);
    let second = ferry.run(&["apply", "--yes"], 0);
    assert_eq!(second["counts"]["kept"], MANY, "{:#}", second["counts"]);
    assert_eq!(asked(&fake), [("ListSecrets".to_owned(), 1)].into());
}

#[test]
fn a_change_is_carried_and_taken_back_and_what_cannot_be_is_said() {
    let fake = SecretManager::start_open();
    let ferry = Ferry::new(
        &[("source", FILES), ("target", &table(&fake, ""))],
        &[("job", "source", "target")],
        "kinds = ['variables']",
    );
    put(&ferry, &json!({"a": "first", "b": "stays"}));
    ferry.run(&["apply", "--yes"], 0);
    put(&ferry, &json!({"a": "second", "b": "stays"}));
    asked(&fake);
    let changed = ferry.run(&["apply", "--yes"], 0);
    assert_eq!(changed["counts"]["updated"], 1, "{:#}", changed["counts"]);
    let expected = [
        ("ListSecrets", 1),
        ("GetSecret", 1),
        ("GetSecretVersion", 1),
        ("AddSecretVersion", 1),
        ("AccessSecretVersion", 1),
    ];
    assert_eq!(asked(&fake), expected.map(|(name, count)| (name.to_owned(), count)).into());
    assert_eq!(ferry.run(&["verify", "job"], 0)["equal"], 2);
    let run = changed["run"].as_str().map_or_else(|| changed["run"].to_string(), str::to_owned);
    let undone = ferry.run(&["undo", &run, "--yes"], 0);
    assert_eq!(undone["counts"]["updated"], 1, "{undone:#}");
    let text = |id: &str| fake.with(|google| google.secrets.text(id).map(str::to_owned));
    assert_eq!(text("airflow-variables-a").as_deref(), Some("first"));
    let again = ferry.run(&["apply", "--yes"], 0);
    assert_eq!(again["counts"]["updated"], 1, "{:#}", again["counts"]);
    assert_eq!(fake.with(|google| google.secrets.secret("airflow-variables-a").unwrap().versions.len()), 4);
}

#[test]
fn from_google_to_google_and_nothing_is_lost() {
    let (here, there) = (SecretManager::start_open(), SecretManager::start_open());
    let texts = [("plain", "text"), ("Blanks", "  both  "), ("blanks", "a\r\nb\n"), ("u_n-i", "Grüße 日本 🎉")];
    here.with(|google| {
        texts.iter().for_each(|(id, text)| google.secrets.put(&format!("airflow-variables-{id}"), text));
        google.secrets.put("airflow-connections-c", "{\"conn_type\": \"http\", \"host\": \"h\"}");
    });
    let stores = [("here", table(&here, "")), ("there", table(&there, "sep = '_'\nvariables-prefix = 'v'"))];
    let stores: Vec<_> = stores.iter().map(|(name, table)| (*name, table.as_str())).collect();
    let ferry = Ferry::new(&stores, &[("job", "here", "there")], "kinds = ['connections', 'variables']");
    assert_eq!(ferry.carry("job"), 5);
    for (id, text) in texts {
        let found = there.with(|google| google.secrets.text(&format!("v_{id}")).map(str::to_owned));
        assert_eq!(found.as_deref(), Some(text), "{id}");
    }
}
