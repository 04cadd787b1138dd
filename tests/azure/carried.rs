//! The table of a store on the stand-in, and variables that are carried to it.

use std::collections::BTreeMap;

use serde_json::json;

use crate::fakes::azure::{CLIENT_ID, CLIENT_SECRET, TENANT, Vault};
use crate::ferry::Ferry;

/// A store on the stand-in; the client's secret is in `KEY`.
pub fn table(vault: &Vault, more: &str) -> String {
    format!(
        "kind = 'azure-key-vault'\nvault-url = {:?}\nauthority-host = {:?}\nverify-challenge = false\n\
         auth = {{ method = 'client-secret', tenant-id = '{TENANT}', client-id = '{CLIENT_ID}', \
         client-secret = {{ env = 'KEY' }} }}\ntls = {{ ca = {:?} }}\n{more}",
        vault.url, vault.url, vault.certificate,
    )
}

/// So many variables in a file, and a job that carries them to the stand-in.
pub fn variables(vault: &Vault, many: usize, more: &str) -> Ferry {
    let source = "kind = 'local-files'\nvariables-file = 'variables.json'";
    let stores = [("source", source), ("target", &table(vault, more))];
    let ferry = Ferry::new(&stores, &[("job", "source", "target")], "kinds = ['variables']").with_key(CLIENT_SECRET);
    let variables: BTreeMap<String, String> =
        (0..many).map(|number| (format!("key_{number:05}"), format!("value {number}"))).collect();
    std::fs::write(ferry.path("variables.json"), json!(variables).to_string()).unwrap();
    ferry
}
