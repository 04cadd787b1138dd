//! `backend-kwargs` on a Vault: every argument that Airflow knows, and a login with what they say.

use std::path::Path;

use secretferry::model::Severity;
use secretferry::naming::{Mount, Place, Teams};
use secretferry::provider::vault::VaultSettings;
use secretferry::provider::{Expect, StoreSettings as _};
use secretferry::settings::read_table;
use serde_json::{Value, json};

use crate::server::shared;
use crate::shop::{open_settings, write_file};

/// Settings of the arguments alone, or with more of our own keys.
fn settings(kwargs: &Value, more: &str) -> VaultSettings {
    let mut table: toml::Table = more.parse().unwrap();
    table.insert("backend-kwargs".to_owned(), kwargs.to_string().into());
    let mut settings: VaultSettings = read_table(table).unwrap();
    settings.relative_to(Path::new("/config"));
    settings
}

fn faults(kwargs: &Value, more: &str) -> Vec<String> {
    settings(kwargs, more).faults().iter().map(|fault| format!("{}: {}", fault.path, fault.problem)).collect()
}

#[test]
fn the_place_is_the_arguments() {
    let found = settings(
        &json!({"url": "https://v:8200/", "mount_point": "team/kv", "kv_engine_version": 1, "namespace": "ns",
                "connections_path": ["a/", "b"], "variables_path": null, "config_path": "", "use_team_secrets_path": true,
                "timeout": 5, "verify": "ca.pem", "cert": ["c.pem", "k.pem"], "token": null}),
        "",
    );
    assert_eq!(found.faults(), []);
    let rule = found.rule();
    let places = [rule.connections, rule.variables, rule.configs];
    assert_eq!(places, [Place::Prefixes(vec!["a".to_owned(), "b".to_owned()]), Place::Off, Place::prefix("")]);
    assert_eq!((rule.mount, rule.teams), (Mount::Fixed, Teams::Folder));
    assert!(
        found.identity().starts_with("vault https://v:8200 namespace=\"ns\" mount=\"team/kv\" "),
        "{}",
        found.identity()
    );
    assert_eq!(found.kv_version, Some(1));
    let files = [&found.tls.ca, &found.tls.client_certificate, &found.tls.client_key];
    let files: Vec<_> = files.iter().map(|file| file.as_deref().unwrap().to_str().unwrap()).collect();
    assert_eq!(files, ["/config/ca.pem", "/config/c.pem", "/config/k.pem"]);
}

#[test]
fn what_is_left_out_is_airflows_default() {
    let found = settings(&json!({"url": "https://v"}), "");
    let usual = settings(&json!({}), "address = 'https://v'\nkv-version = 2");
    assert_eq!((found.rule(), found.identity(), found.kv_version), (usual.rule(), usual.identity(), Some(2)));
    for none in [json!(null), json!("")] {
        assert_eq!(settings(&json!({"url": "https://v", "mount_point": none}), "").rule().mount, Mount::FirstSegment);
    }
    let global = settings(&json!({"url": "https://v", "global_secrets_path": "all/", "config_path": null}), "");
    let rule = global.rule();
    assert_eq!(rule.connections, Place::Prefixes(vec!["connections".to_owned(), "all".to_owned()]));
    assert_eq!(rule.configs, Place::prefix("all"));
    let codes: Vec<_> = global.remarks("v").iter().map(|finding| finding.code).collect();
    assert_eq!(codes, ["kwarg-deprecated", "airflow-provider"], "a list of paths is the second");
}

#[test]
fn our_own_keys_win() {
    let kwargs =
        json!({"url": "https://theirs", "mount_point": "theirs", "connections_path": "theirs", "auth_type": "gcp"});
    let found = settings(
        &kwargs,
        "address = 'https://ours'\nmount = 'ours'\nconnections-path = 'ours'\nauth = { method = 'token' }",
    );
    assert_eq!(found.faults(), []);
    assert!(!found.identity().contains("theirs"), "{}", found.identity());
    assert_eq!(found.rule().variables, Place::prefix("variables"));
}

#[test]
fn every_argument_that_is_not_used_is_named() {
    let kwargs = json!({
        "url": "https://v", "proxies": {"https": "http://canary"}, "session": 1, "gcp_scopes": "s", "radius_host": "h",
        "radius_port": 1, "azure_tenant_id": "t", "azure_resource": "r", "gcp_key_path": "k", "assume_role_kwargs": {},
        "allow_redirects": true, "adapter": "a", "strict_http": true, "conections_path": "typo", "sep": "/",
    });
    let found = settings(&kwargs, "");
    assert_eq!(found.faults(), []);
    let findings = found.remarks("vault");
    for key in kwargs.as_object().unwrap().keys().filter(|key| *key != "url") {
        let named = |finding: &&secretferry::model::Finding| finding.message.contains(&format!(": {key} is ignored"));
        assert_eq!(findings.iter().filter(named).count(), 1, "{key} in {findings:?}");
    }
    assert_eq!(findings.len(), 14);
    assert!(findings.iter().all(|finding| finding.code == "kwarg-ignored" && finding.severity == Severity::Warning));
    assert!(!format!("{findings:?}").contains("canary"));
}

#[test]
fn faults_name_the_argument() {
    let rows = [
        (json!([]), "backend-kwargs: the text is no JSON object; Airflow would go on without any of it"),
        (
            json!({"url": "https://v", "verify": false}),
            "backend-kwargs: verify is switched off, but certificates are always verified here",
        ),
        (
            json!({"url": "https://v", "kv_engine_version": 3}),
            "backend-kwargs: kv_engine_version: there is no version 3 of the KV engine",
        ),
        (json!({"url": "ftp://v"}), "backend-kwargs: url: the address does not start with https://"),
        (
            json!({"url": "https://v", "connections_path": "/a"}),
            "backend-kwargs: connections_path: \"/a\" has an empty segment, `.` or `..`",
        ),
        (
            json!({"url": "https://v", "auth_type": "gcp"}),
            "backend-kwargs: auth_type gcp: logging in with gcp is not built yet",
        ),
        (json!({"url": "https://v", "auth_type": "magic"}), "backend-kwargs: auth_type: Airflow knows no such method"),
        (
            json!({"url": "https://v", "auth_type": "kubernetes"}),
            "backend-kwargs: auth_type kubernetes needs kubernetes_role",
        ),
        (
            json!({"url": "https://v", "auth_type": "jwt", "jwt_role": "r"}),
            "backend-kwargs: auth_type jwt needs jwt_token or jwt_token_path",
        ),
    ];
    for (kwargs, expected) in rows {
        assert_eq!(faults(&kwargs, ""), [expected], "{kwargs}");
    }
    for secret in ["token", "password", "secret_id", "jwt_token", "radius_secret", "gcp_keyfile_dict"] {
        let told = faults(&json!({"url": "https://v", secret: "canary"}), "");
        assert_eq!(told, [format!("backend-kwargs: {secret} is a secret, which must not stand in the config as text")]);
    }
}

#[tokio::test]
async fn a_login_with_what_the_arguments_say() {
    let server = shared().await;
    let mount = server.mount(2).await;
    let hcl = format!("path \"{mount}/*\" {{ capabilities = [\"create\", \"read\"] }}");
    let (method, role, role_id) = server.approle(&hcl, json!({})).await;
    let files = tempfile::tempdir().unwrap();
    let write = async || {
        let secret_id = server.secret_id(&method, &role).await;
        let kwargs = json!({
            "url": server.address, "mount_point": mount, "auth_type": "approle", "auth_mount_point": method,
            "role_id": role_id, "secret_id": secret_id,
        });
        write_file(&files, "kwargs.json", &kwargs.to_string());
    };
    write().await;
    let mut settings: VaultSettings = read_table("backend-kwargs = { file = 'kwargs.json' }".parse().unwrap()).unwrap();
    settings.relative_to(files.path());
    let shop = open_settings(&settings, tempfile::tempdir().unwrap()).await.unwrap();
    shop.write("variables/k", "{}", &Expect::Absent).await.unwrap();
    let secret_ids = format!("auth/{method}/role/{role}/secret-id");
    let listed = server.must("LIST", &secret_ids, Value::Null).await["data"]["keys"].clone();
    for accessor in listed.as_array().unwrap() {
        let body = json!({"secret_id_accessor": accessor});
        server.must("POST", &format!("{secret_ids}-accessor/destroy"), body).await;
    }
    write().await;
    server.must("POST", &format!("sys/leases/revoke-prefix/auth/{method}"), Value::Null).await;
    assert!(shop.read("variables/k").await.unwrap().is_some(), "logged in with the arguments as they are now");
}

#[tokio::test]
async fn the_other_methods_are_taken_from_their_arguments() {
    let server = shared().await;
    let mount = server.mount(2).await;
    let hcl = format!("path \"{mount}/*\" {{ capabilities = [\"create\", \"read\"] }}");
    let userpass = server.method("userpass").await;
    let policy = server.policy(&hcl).await;
    let body = json!({"password": "p w", "token_policies": [policy]});
    server.must("POST", &format!("auth/{userpass}/users/ferry"), body).await;
    let token = server.token_with(&hcl, json!({})).await;
    let files = tempfile::tempdir().unwrap();
    write_file(&files, "token", &format!("{token}\n"));
    let rows = [
        json!({"auth_type": "userpass", "auth_mount_point": userpass, "username": "ferry", "password": "p w"}),
        json!({"token": token}),
        json!({"auth_type": "token", "token_path": "token"}),
    ];
    for mut kwargs in rows {
        kwargs["url"] = json!(server.address);
        kwargs["mount_point"] = json!(mount);
        write_file(&files, "kwargs.json", &kwargs.to_string());
        let mut settings: VaultSettings =
            read_table("backend-kwargs = { file = 'kwargs.json' }".parse().unwrap()).unwrap();
        settings.relative_to(files.path());
        let shop = open_settings(&settings, tempfile::tempdir().unwrap()).await.unwrap();
        assert!(shop.read("variables/none").await.unwrap().is_none(), "{kwargs}");
    }
}
