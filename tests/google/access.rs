//! Getting in to Secret Manager: who logs in, and what is said where nobody can.

use std::sync::Arc;

use secretferry::model::{Blind, Kind, MasterKey, Purpose, Scope};
use secretferry::provider::registry::{KINDS, StoreKind};
use secretferry::provider::{Opening, Quotas, Role};
use serde_json::{Value, json};

use crate::fakes::authority::Authority;
use crate::fakes::google::identity::{ACCOUNT, EXPIRED_TOKEN, IMPERSONATED, NARROW_TOKEN, TOKEN};
use crate::fakes::google::tokens::{AUDIENCE, CLIENT, SUBJECT_TOKEN};
use crate::fakes::google::{PROJECT, SecretManager, keys};
use crate::fakes::server::Fake;
use crate::program::{CANARY, Program};

const KIND: &str = "gcp-secret-manager";
const BY_TOKEN: &str = "auth = { method = 'token', token = { env = 'TOKEN' } }";

fn at(fake: &Fake<SecretManager>, more: &str) -> String {
    format!("project = '{PROJECT}'\nendpoint-url = '{}'\n{more}", fake.address)
}

fn with_token(fake: &Fake<SecretManager>, more: &str) -> Program {
    Program::with(KIND, &at(fake, &format!("{BY_TOKEN}\n{more}"))).set("TOKEN", TOKEN)
}

/// A program whose log-in is Google's JSON in a file.
fn with_json(fake: &Fake<SecretManager>, auth: &str, json: &str) -> Program {
    let program = Program::with(KIND, &at(fake, auth));
    program.write("credentials.json", json);
    program
}

fn person(fake: &Fake<SecretManager>, refresh: &str) -> Value {
    json!({
        "type": "authorized_user", "client_id": CLIENT[0], "client_secret": CLIENT[1], "refresh_token": refresh,
        "token_uri": format!("{}/token", fake.address),
    })
}

fn workload(fake: &Fake<SecretManager>, subject: &str) -> Value {
    json!({
        "type": "external_account", "audience": AUDIENCE,
        "subject_token_type": "urn:ietf:params:oauth:token-type:jwt",
        "token_url": format!("{}/v1/token", fake.address),
        "credential_source": {"file": subject},
    })
}

const KEY: &str = "auth = { method = 'key-file', key = { file = 'credentials.json' } }";
const PERSON: &str = "auth = { method = 'authorized-user', credentials = { file = 'credentials.json' } }";
const WORKLOAD: &str = "auth = { method = 'external-account', credentials = { file = 'credentials.json' } }";

#[test]
fn every_way_in_and_who_it_is() {
    let fake = SecretManager::start();
    with_token(&fake, "").says("identity", "whoever the token is of", "");
    let key = keys::key_file(&fake.address);
    with_json(&fake, KEY, &key).says("identity", &format!("the service account {ACCOUNT}"), "");
    with_json(&fake, PERSON, &person(&fake, CLIENT[2]).to_string()).says("identity", "logged in with gcloud", "");
    let program = with_json(&fake, WORKLOAD, "");
    let subject = program.write("subject", SUBJECT_TOKEN);
    program.write("credentials.json", &workload(&fake, &subject).to_string());
    program.says("identity", "workload identity pool", "");
    let usual = Program::with(KIND, &at(&fake, ""));
    let file = usual.write("key.json", &key);
    usual.set("GOOGLE_APPLICATION_CREDENTIALS", &file).says("identity", ACCOUNT, "");
    let usual = Program::with(KIND, &at(&fake, ""));
    usual.write(".config/gcloud/application_default_credentials.json", &person(&fake, CLIENT[2]).to_string());
    usual.says("identity", "logged in with gcloud", "");
    let usual = Program::with(KIND, &at(&fake, ""));
    let acting = |account: &str| {
        let url = format!("{}/v1/projects/-/serviceAccounts/{account}:generateAccessToken", fake.address);
        json!({
            "type": "impersonated_service_account", "service_account_impersonation_url": url,
            "source_credentials": person(&fake, CLIENT[2]),
        })
    };
    let file = usual.write("acting.json", &acting(IMPERSONATED).to_string());
    let usual = usual.set("GOOGLE_APPLICATION_CREDENTIALS", &file);
    usual.says("identity", &format!("the service account {IMPERSONATED}"), "");
    usual.write("acting.json", &acting("other@ferry-test.iam.gserviceaccount.com").to_string());
    assert_eq!(usual.found("login-failed")[0], "error");
    let host = fake.address.trim_start_matches("http://").to_owned();
    let machine = Program::with(KIND, &at(&fake, "")).set("GCE_METADATA_HOST", &host);
    machine.says("identity", "the machine's own service account", "");
    let open = SecretManager::start_open();
    Program::with(KIND, &at(&open, "auth = { method = 'none' }")).says("identity", "nobody", "");
}

#[test]
fn the_project_is_that_of_the_key_or_the_environment() {
    let fake = SecretManager::start();
    let without = |auth: &str| at(&fake, auth).replace(&format!("project = '{PROJECT}'\n"), "");
    let by_key = Program::with(KIND, &without(KEY));
    by_key.write("credentials.json", &keys::key_file(&fake.address));
    by_key.says("identity", &format!("projects/{PROJECT}"), "");
    let nowhere = Program::with(KIND, &without(BY_TOKEN)).set("TOKEN", TOKEN);
    let findings = format!("{:?}", nowhere.check());
    assert!(findings.contains("no project is set") && findings.contains("gcloud projects list"), "{findings}");
    nowhere.set("GOOGLE_CLOUD_PROJECT", PROJECT).says("identity", &format!("projects/{PROJECT}"), "");
}

#[test]
fn credentials_that_are_none_say_what_to_do() {
    let fake = SecretManager::start();
    with_json(&fake, KEY, &person(&fake, CLIENT[2]).to_string()).says(
        "login-failed",
        "of the type authorized_user, not service_account",
        "auth.method = \"authorized-user\"",
    );
    with_json(&fake, KEY, CANARY).says("login-failed", "holds no JSON", "whole");
    with_json(&fake, KEY, &json!({"type": CANARY}).to_string()).says("login-failed", "of the type service_account", "");
    let broken = json!({"type": "service_account", "client_email": ACCOUNT, "private_key": CANARY, "project_id": "p",
                        "private_key_id": "k"});
    with_json(&fake, KEY, &broken.to_string()).says("login-failed", "no private key in PEM", "keys create");
    let half = json!({"type": "service_account", "private_key": CANARY});
    with_json(&fake, KEY, &half.to_string()).says("login-failed", "as Google writes them", "whole");
    let usual = Program::with(KIND, &at(&fake, "")).set("GOOGLE_APPLICATION_CREDENTIALS", "/nowhere.json");
    usual.says("login-failed", "the file /nowhere.json cannot be read", "GOOGLE_APPLICATION_CREDENTIALS");
}

#[test]
fn nobody_is_told_how_to_log_in() {
    let fake = SecretManager::start();
    let nobody = Program::with(KIND, &at(&fake, ""));
    nobody.says("login-failed", "there are no credentials", "gcloud auth application-default login");
}

#[test]
fn a_log_in_that_is_refused_says_why_and_what_to_do() {
    let fake = SecretManager::start();
    with_token(&fake, "").set("TOKEN", EXPIRED_TOKEN).says("login-failed", "has expired", "log in again");
    with_token(&fake, "").set("TOKEN", CANARY).says("login-failed", "does not take the token", "log in again");
    with_token(&fake, "").set("TOKEN", NARROW_TOKEN).says("unreachable", "not for the scope", "cloud-platform");
    let revoked = person(&fake, "1//revoked").to_string();
    with_json(&fake, PERSON, &revoked).says("login-failed", "revoked", "gcloud auth application-default login");
    let withdrawn = keys::key_file_of(ACCOUNT, "another", &fake.address);
    with_json(&fake, KEY, &withdrawn).says("login-failed", "does not take the token", "not disabled");
    let program = with_json(&fake, WORKLOAD, "");
    let subject = program.write("subject", CANARY);
    program.write("credentials.json", &workload(&fake, &subject).to_string());
    assert_eq!(program.found("login-failed")[0], "error");
}

#[test]
fn a_project_that_does_not_answer_says_why_and_what_to_do() {
    let fake = SecretManager::start();
    with_token(&fake, "quota-project = 'other'").says("unreachable", "counted against", "quota-project");
    fake.with(|google| google.is_disabled = true);
    with_token(&fake, "").says(
        "unreachable",
        "the Secret Manager API is not enabled",
        "gcloud services enable secretmanager.googleapis.com --project",
    );
    fake.with(|google| (google.is_disabled, google.is_project_gone) = (false, true));
    with_token(&fake, "").says("unreachable", "does not exist", "gcloud projects list");
    let nobody = "project = 'p'\nendpoint-url = 'http://127.0.0.1:1'\nauth = { method = 'none' }";
    Program::with(KIND, nobody).says("unreachable", "nobody answers there", "endpoint-url");
    let nowhere = "project = 'p'\nendpoint-url = 'https://no-such-host.invalid'\nauth = { method = 'none' }";
    Program::with(KIND, nowhere).says("unreachable", "no host of this name", "endpoint-url");
}

#[test]
fn a_right_that_is_missing_names_what_grants_it() {
    let fake = SecretManager::start();
    let program = || {
        let program = with_json(&fake, KEY, "");
        program.write("credentials.json", &keys::key_file(&fake.address));
        program
    };
    let deny = |right: &str| fake.with(|google| google.denied = [right.to_owned()].into());
    deny("secretmanager.versions.access");
    assert_eq!(program().found("right-missing")[0], "error");
    let binding = format!("gcloud projects add-iam-policy-binding {PROJECT} --member=serviceAccount:{ACCOUNT}");
    let accessor = format!("{binding} --role=roles/secretmanager.secretAccessor");
    program().says("right-missing", "secretmanager.versions.access is not allowed: the job cannot run", &accessor);
    deny("secretmanager.secrets.list");
    program().says("right-missing", "secretmanager.secrets.list", "--role=roles/secretmanager.viewer");
    let elsewhere = at(&fake, BY_TOKEN).replace(PROJECT, "no-such-project");
    let elsewhere = Program::with(KIND, &elsewhere).set("TOKEN", TOKEN);
    elsewhere.says("right-missing", "or there is no such project", "--member=<who we are>");
    deny("secretmanager.secrets.delete");
    let [severity, message, remedy] = program().found("right-missing");
    assert_eq!(severity, "warning");
    assert!(message.contains("deletes are refused"), "{message}");
    assert!(remedy.contains("gcloud iam roles create secretferry"), "{remedy}");
    program().says("right-untried", "secretmanager.secrets.create cannot be tried", "first apply");
}

#[test]
fn an_authority_of_ones_own_is_named_in_the_environment() {
    let authority = Authority::shared();
    let fake = Fake::start_secure(SecretManager::default(), &authority);
    with_token(&fake, "").says("unreachable", "signed by nobody we trust", "SSL_CERT_FILE");
    let file = authority.certificate().display().to_string();
    with_token(&fake, "").set("SSL_CERT_FILE", &file).found("identity");
}

#[test]
fn a_log_of_payloads_is_refused() {
    let fake = SecretManager::start();
    let findings = |value: &str| {
        let program = with_token(&fake, "").set("GOOGLE_CLOUD_RUST_LOGGING", value);
        format!("{:?}", program.check())
    };
    assert!(findings("true").contains("would write the secrets themselves to the log"));
    assert!(findings("false").contains("identity"));
}

fn everything() -> Scope {
    Scope { kinds: Kind::ALL.to_vec() }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mended_file_is_read_again() {
    let fake = SecretManager::start();
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), CANARY).unwrap();
    let path = file.path().display();
    for (auth, good) in [
        (format!("method = 'token', token = {{ file = '{path}' }}"), TOKEN.to_owned()),
        (format!("method = 'key-file', key = {{ file = '{path}' }}"), keys::key_file(&fake.address)),
        (
            format!("method = 'authorized-user', credentials = {{ file = '{path}' }}"),
            person(&fake, CLIENT[2]).to_string(),
        ),
    ] {
        let table = at(&fake, &format!("auth = {{ {auth} }}"));
        let settings = StoreKind::find(KINDS, KIND).unwrap().read(table.parse().unwrap()).unwrap();
        let revision_key = MasterKey::random().subkey(Purpose::Revision);
        let opening = Opening {
            name: "google".into(),
            role: Role::Source,
            revision_key,
            observer: Arc::new(Blind),
            quotas: Quotas::default(),
        };
        let store = settings.open(opening).await.unwrap();
        std::fs::write(file.path(), CANARY).unwrap();
        let error = store.list(&everything()).await.unwrap_err();
        assert!(!error.explained().contains(CANARY), "{}", error.explained());
        std::fs::write(file.path(), good).unwrap();
        store.list(&everything()).await.unwrap();
    }
}

#[test]
fn every_fault_of_a_table_is_named_at_once() {
    let faults = |table: &str| {
        let settings = StoreKind::find(KINDS, KIND).unwrap().read(table.parse().unwrap()).unwrap();
        settings.faults().into_iter().map(|fault| fault.path).collect::<Vec<_>>()
    };
    let rows: [(&str, &[&str]); 11] = [
        ("", &[]),
        ("project = 'example.com:p-1'\nlocation = 'europe-west6'", &[]),
        ("project = 'P/1'\nlocation = 'a/b'\nquota-project = ''", &["project", "quota-project", "location"]),
        ("endpoint-url = 'http://elsewhere.example'", &["endpoint-url"]),
        ("endpoint-url = 'http://elsewhere.example'\nallow-plain-http = true", &[]),
        ("auth = { method = 'none' }", &["auth.method"]),
        ("auth = { method = 'key-file' }", &["auth.key"]),
        ("auth = { method = 'token', token = { env = 'X' }, key = { env = 'X' } }", &["auth.key"]),
        ("impersonate = 'somebody'\nimpersonate-delegates = ['x']", &["impersonate", "impersonate-delegates"]),
        ("impersonate-delegates = ['a@b.iam']", &["impersonate-delegates"]),
        ("tls = { ca = 'x', client-key = 'y' }\nwidth = 0", &["tls.ca", "tls", "width"]),
    ];
    for (table, expected) in rows {
        assert_eq!(faults(table), expected, "{table}");
    }
}
