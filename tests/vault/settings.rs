//! The table of a store: what it takes, what it refuses, and what it leaves to Vault's own variables.

use std::process::Command;

use secretferry::naming::{Mount, Place};
use secretferry::provider::StoreSettings as _;
use secretferry::provider::vault::VaultSettings;
use secretferry::settings::read_table;

use crate::shop::settings;

const ADDRESS: &str = "address = \"https://vault.internal:8200\"\n";

/// The faults of a table, as `path: problem`.
fn faults(table: &str) -> Vec<String> {
    let faults = match read_table::<VaultSettings>(table.parse().unwrap()) {
        Ok(settings) => settings.faults(),
        Err(faults) => faults,
    };
    faults.iter().map(|fault| format!("{}: {}", fault.path, fault.problem)).collect()
}

#[test]
fn every_fault_has_its_key() {
    let rows = [
        ("address = \"vault:8200\"", "address: the address does not start with https://"),
        ("address = \"https://u:p@vault\"", "address: the address holds a user or password, which Vault does not take"),
        (
            "address = \"https://vault/prefix\"",
            "address: the address has a path; Vault's API is reached at the root of a host only",
        ),
        ("address = \"not a url\"", "address: this is not a URL"),
        ("address = \"http://vault:8200\"", "address: plain http is refused for other hosts than this one"),
        ("mount = \"a//b\"", "mount: a segment of the mount is empty, `.` or `..`"),
        ("kv-version = 3", "kv-version: there is no version 3 of the KV engine"),
        ("connections-path = []", "connections-path: the list of paths is empty"),
        ("variables-path = \"/a\"", "variables-path: \"/a\" has an empty segment, `.` or `..`"),
        (
            "config-path = true",
            "config-path: expected a path, a list of paths, or false to switch the kind off, found true",
        ),
        ("width = 0", "width: 0 requests at once are not possible"),
        ("pace = 0", "pace: the pace must be more than 0 requests a second"),
        ("timeout = \"0s\"", "timeout: no request can be answered in no time"),
        ("tls = { client-key = \"k\" }", "tls: only one of client-certificate and client-key is given"),
        ("listing = \"some\"", "listing: expected one of \"full\", \"exact\", found another word"),
        ("auth = { method = \"azure\" }", "auth.method: logging in with azure is not built yet"),
        ("auth = { method = \"kubernetes\" }", "auth.role: this method needs the key"),
        ("auth = { method = \"ldap\", username = \"u\" }", "auth.password: this method needs the key"),
        ("auth = { method = \"cert\" }", "auth.method: there is no certificate to log in with"),
        ("auth = { method = \"magic\" }", "auth.method: there is no such method"),
        ("auth = { method = \"token-file\" }", "auth.path: this method needs the key"),
        ("auth = { method = \"approle\", role-id = { env = \"R\" } }", "auth.secret-id: this method needs the key"),
        (
            "auth = { method = \"token\", wrapped = true }",
            "auth.wrapped: this key belongs to the method approle, not to token",
        ),
        ("namespace = \"a b\"", "namespace: the namespace holds a character that a header cannot carry"),
        ("secret-path = \"x\"", "secret-path: unknown key"),
    ];
    for (line, expected) in rows {
        let table = if line.starts_with("address") { line.to_owned() } else { format!("{ADDRESS}{line}") };
        assert_eq!(faults(&table), [expected], "{line}");
    }
    let both = faults(&format!("{ADDRESS}kv-version = 3\nwidth = 1000"));
    assert_eq!(both.len(), 2, "all at once: {both:?}");
}

#[test]
fn the_manuals_table_is_sound() {
    let manual = include_str!("../../src/provider/vault/README.md");
    let block = manual.split("```toml").nth(1).unwrap().split("```").next().unwrap();
    let mut table: toml::Table = block.parse().unwrap();
    let stores = table["stores"].as_table_mut().unwrap();
    let mut store = stores["vault-prod"].as_table().unwrap().clone();
    assert_eq!(store.remove("kind").unwrap().as_str(), Some("vault"));
    assert_eq!(read_table::<VaultSettings>(store).unwrap().faults(), []);
}

#[test]
fn a_literal_secret_is_refused_without_being_repeated() {
    let table = format!("{ADDRESS}auth = {{ method = \"token\", token = \"hvs.literal\" }}");
    let faults = faults(&table);
    assert!(faults.len() == 1 && !faults[0].contains("hvs.literal"), "{faults:?}");
}

#[test]
fn plain_http_stays_on_this_host() {
    for host in ["localhost", "127.0.0.1", "127.8.9.1", "[::1]"] {
        assert_eq!(faults(&format!("address = \"http://{host}:8200/\"")), Vec::<String>::new(), "{host}");
    }
    let allowed = "address = \"http://vault:8200\"\nallow-plain-http = true";
    assert_eq!(faults(allowed), Vec::<String>::new());
}

#[test]
fn paths_are_airflows() {
    let rule = settings(ADDRESS).rule();
    let places = [&rule.connections, &rule.variables, &rule.configs];
    assert_eq!(places, [&Place::prefix("connections"), &Place::prefix("variables"), &Place::prefix("config")]);
    assert_eq!(rule.mount, Mount::Fixed);
    let table = "mount = \"\"\nconnections-path = [\"a/b/\", \"c\"]\nvariables-path = \"\"\nconfig-path = false";
    let rule = settings(&format!("{ADDRESS}{table}")).rule();
    assert_eq!(rule.connections, Place::Prefixes(vec!["a/b".to_owned(), "c".to_owned()]));
    assert_eq!((rule.variables, rule.configs, rule.mount), (Place::prefix(""), Place::Off, Mount::FirstSegment));
}

#[test]
fn one_place_has_one_identity() {
    let identity = |more: &str| settings(&format!("{ADDRESS}{more}")).identity();
    let plain = identity("");
    let same = settings(
        "address = \"https://VAULT.internal:8200/\"\nmount = \"secret/\"\nconnections-path = [\"connections/\", \"old\"]",
    );
    assert_eq!(same.identity(), plain);
    let others =
        ["mount = \"kv\"", "namespace = \"a\"", "connections-path = \"c\"", "variables-path = false", "mount = \"\""];
    for more in others {
        assert_ne!(identity(more), plain, "{more}");
    }
}

#[test]
fn what_is_left_out_is_taken_from_vaults_own_variables() {
    let child = |name: &str, value: &str| {
        let mut command = Command::new(std::env::current_exe().unwrap());
        command.args(["--exact", "settings::in_a_child", "--nocapture"]);
        command.env(CHILD, "1").env_remove("VAULT_ADDR").env(name, value);
        let answer = command.output().unwrap();
        assert!(answer.status.success());
        String::from_utf8(answer.stdout).unwrap()
    };
    assert!(child("VAULT_ADDR", "https://from-env:8200").contains("identity vault https://from-env:8200 "));
    assert!(child("VAULT_NAMESPACE", "from-env/").contains("namespace=\"from-env\""));
    assert!(child("VAULT_SKIP_VERIFY", "no").contains("fault tls: VAULT_SKIP_VERIFY is set"));
    assert!(!child("VAULT_SKIP_VERIFY", "false").contains("fault tls"));
    assert!(child("VAULT_CLIENT_KEY", "key.pem").contains("fault tls: only one of"));
}

const CHILD: &str = "SECRETFERRY_TEST_CHILD";

/// The other half of the test above; alone it does nothing.
#[test]
#[expect(clippy::print_stdout, reason = "its parent reads it")]
fn in_a_child() {
    if std::env::var(CHILD).is_ok() {
        println!("identity {}", settings("").identity());
        for fault in faults("") {
            println!("fault {fault}");
        }
    }
}
