//! `backend-kwargs` on both stores: every argument that Airflow knows, and a login with what they say.

use std::path::Path;

use secretferry::model::Kind;
use secretferry::naming::Place;
use secretferry::provider::StoreSettings;
use secretferry::provider::registry::{KINDS, StoreKind};
use serde_json::{Value, json};

use crate::access::{CANARY, Program};
use crate::fakes::aws::Aws;
use crate::fakes::aws::identity::{CAUTIOUS_ROLE, EXTERNAL_ID, ROLE};

const SECRETS_MANAGER: &str = "aws-secrets-manager";
const PARAMETER_STORE: &str = "aws-parameter-store";

/// Settings of the arguments alone, or with more of our own keys.
fn settings(kind: &str, kwargs: &Value, more: &str) -> Box<dyn StoreSettings> {
    let mut table: toml::Table = more.parse().unwrap();
    table.insert("backend-kwargs".to_owned(), kwargs.to_string().into());
    let mut settings = StoreKind::find(KINDS, kind).unwrap().read(table).unwrap();
    settings.relative_to(Path::new("/config"));
    settings
}

fn faults(kind: &str, kwargs: &Value, more: &str) -> Vec<String> {
    let faults = settings(kind, kwargs, more).faults();
    faults.iter().map(|fault| format!("{}: {}", fault.path, fault.problem)).collect()
}

fn ignored(kind: &str, kwargs: &Value) -> Vec<String> {
    let remarks = settings(kind, kwargs, "").remarks("aws").into_iter();
    remarks.filter(|finding| finding.code == "kwarg-ignored").map(|finding| finding.message).collect()
}

#[test]
fn the_place_is_the_arguments() {
    let kwargs = json!({"region_name": "eu-west-1", "endpoint_url": "https://vpce", "connections_prefix": "/air/c/",
        "variables_prefix": null, "config_prefix": "", "connections_lookup_pattern": "^a", "verify": true, "profile_name": null});
    for (kind, connections) in [(SECRETS_MANAGER, "/air/c"), (PARAMETER_STORE, "/air/c")] {
        let found = settings(kind, &kwargs, "");
        assert_eq!((found.faults(), ignored(kind, &kwargs)), (Vec::new(), Vec::new()));
        let rule = found.rule();
        let places = [Kind::Connection, Kind::Variable, Kind::Config].map(|kind| rule.place(kind).clone());
        assert_eq!(places, [Place::prefix(connections), Place::Off, Place::prefix("")]);
        assert_eq!(rule.patterns.connections.unwrap().as_str(), "^a");
        let identity = found.identity();
        assert!(identity.contains("eu-west-1") && identity.contains("https://vpce"), "{identity}");
    }
    let found = settings(
        SECRETS_MANAGER,
        &json!({"sep": "_", "connections_prefix": "air_", "extra_conn_words": {"user": ["nick"]}}),
        "",
    );
    assert_eq!(found.faults(), []);
    assert_eq!((found.rule().connections, &*found.rule().separator), (Place::prefix("air"), "_"));
    let found = settings(PARAMETER_STORE, &json!({"connections_prefix": "air/c"}), "");
    assert_eq!(found.rule().connections, Place::prefix("/air/c"), "Airflow adds the slash");
}

#[test]
fn our_own_keys_win() {
    let kwargs = json!({"region_name": "eu-west-1", "connections_prefix": "/theirs", "variables_prefix": "/theirs",
        "role_arn": "arn:aws:iam::111122223333:role/theirs", "aws_access_key_id": "theirs"});
    for kind in [SECRETS_MANAGER, PARAMETER_STORE] {
        let ours = "region = 'us-east-1'\nconnections-prefix = '/ours'\nvariables-prefix = false\n\
                    auth = { role-arn = 'arn:aws:iam::999922223333:role/ours' }";
        let found = settings(kind, &kwargs, ours);
        assert_eq!(found.faults(), []);
        assert_eq!((found.rule().connections, found.rule().variables), (Place::prefix("/ours"), Place::Off));
        let identity = found.identity();
        assert!(identity.contains("us-east-1") && identity.contains("999922223333"), "{identity}");
    }
}

#[test]
fn what_is_not_followed_is_named() {
    let kwargs = json!({"api_version": "2017-10-17", "config_kwargs": {"retries": 3}, "external_id": "x", "service_config": {},
        "typo": 1, "role_arn": ROLE, "assume_role_kwargs": {"ExternalId": "x", "DurationSeconds": 900}});
    for kind in [SECRETS_MANAGER, PARAMETER_STORE] {
        let found = ignored(kind, &kwargs);
        for name in ["api_version", "config_kwargs", "external_id", "service_config", "typo", "DurationSeconds"] {
            assert_eq!(
                found.iter().filter(|message| message.contains(&format!(" {name} "))).count(),
                1,
                "{name}: {found:#?}"
            );
        }
        assert_eq!(found.len(), 6, "{found:#?}");
    }
    for old in ["full_url_mode", "are_secret_values_urlencoded"] {
        let found = ignored(SECRETS_MANAGER, &json!({old: true}));
        assert!(found.len() == 1 && found[0].contains("since 9.0"), "{found:?}");
    }
}

#[test]
fn what_is_wrong_is_told_of_the_argument() {
    let rows = [
        (json!({"aws_secret_access_key": CANARY}), "aws_secret_access_key is a secret"),
        (json!({"aws_session_token": CANARY}), "aws_session_token is a secret"),
        (json!({"session_kwargs": {"aws_access_key_id": "x", "aws_secret_access_key": CANARY}}), "session_kwargs"),
        (json!({"verify": false}), "verify is switched off"),
        (json!({"use_ssl": false}), "use_ssl is switched off"),
        (json!({"endpoint_url": "http://moto:5000"}), "endpoint_url: plain http"),
        (json!({"region_name": "EU"}), "region_name: this is no region"),
        (json!({"region_name": 1}), "region_name: expected a text"),
        (json!({"role_arn": "ferry"}), "not the ARN of a role"),
        (json!({"role_arn": ROLE, "assume_role_method": "assume_role_with_saml"}), "not built yet"),
        (json!({"role_arn": ROLE, "assume_role_method": "magic"}), "no such method"),
        (
            json!({"role_arn": ROLE, "assume_role_method": "assume_role_with_web_identity",
                "assume_role_with_web_identity_federation": "google"}),
            "federation",
        ),
        (json!({"connections_lookup_pattern": "(?=x)"}), "connections_lookup_pattern"),
    ];
    for (kwargs, expected) in &rows {
        for kind in [SECRETS_MANAGER, PARAMETER_STORE] {
            let found = faults(kind, kwargs, "");
            assert!(
                found.iter().any(|fault| fault.starts_with("backend-kwargs: ") && fault.contains(expected)),
                "{expected}: {found:?}"
            );
            assert!(!format!("{found:?}").contains(CANARY));
        }
    }
    let found = faults(SECRETS_MANAGER, &json!({"extra_conn_words": {"login": "nick"}}), "");
    assert!(found[0].contains("extra_conn_words"), "{found:?}");
}

/// A store described by nothing but Airflow's arguments, in a file as they may hold secrets.
fn told(kind: &str, fake_address: &str, kwargs: Value) -> Program {
    let program = Program::with(kind, "backend-kwargs = { file = 'kwargs.json' }");
    let mut whole = json!({"region_name": "eu-central-1", "endpoint_url": fake_address});
    whole.as_object_mut().unwrap().extend(kwargs.as_object().unwrap().clone());
    program.write("kwargs.json", &whole.to_string());
    program.write("token", CANARY);
    program
}

#[test]
fn airflows_way_in_is_ours() {
    let fake = Aws::start();
    let keys = json!({"aws_access_key_id": "AKIAFERRY", "aws_secret_access_key": CANARY});
    let with = |more: Value| {
        let mut all = keys.clone();
        all.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        all
    };
    let web = json!({"role_arn": ROLE, "assume_role_method": "assume_role_with_web_identity",
        "assume_role_with_web_identity_federation": "file", "assume_role_with_web_identity_token_file": "token"});
    for kind in [SECRETS_MANAGER, PARAMETER_STORE] {
        let rows = [
            (keys.clone(), "user/ferry"),
            (with(json!({"role_arn": ROLE})), "assumed-role/ferry"),
            (
                with(json!({"role_arn": CAUTIOUS_ROLE, "assume_role_kwargs": {"ExternalId": EXTERNAL_ID}})),
                "assumed-role/",
            ),
            (web.clone(), "assumed-role/ferry"),
        ];
        for (kwargs, expected) in rows {
            let [_, message, _] = told(kind, &fake.address, kwargs.clone()).found("identity");
            assert!(message.contains(expected), "{expected}: {message}");
        }
        let profile = told(kind, &fake.address, json!({"profile_name": "prod"}));
        profile.write(
            ".aws/credentials",
            &format!("[prod]\naws_access_key_id = AKIAFERRY\naws_secret_access_key = {CANARY}\n"),
        );
        profile.found("identity");
    }
}
