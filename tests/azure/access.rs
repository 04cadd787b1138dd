//! Getting in to a vault: who logs in, and what is said where nobody can.

use std::sync::Arc;

use futures::future::join_all;
use secretferry::model::{Blind, Kind, MasterKey, Purpose, RemoteKey, Scope};
use secretferry::provider::registry::{KINDS, StoreKind};
use secretferry::provider::{Opening, Quotas, Role, Store};

use crate::fakes::azure::access::{Model, Wall};
use crate::fakes::azure::{
    ASSERTION, CLIENT_ID, CLIENT_SECRET, EXPIRED_SECRET, IDENTITY_HEADER, PIPELINE_TOKEN, TENANT, Vault,
};
use crate::program::{CANARY, Program};

fn at(vault: &Vault, more: &str) -> String {
    let (url, ca) = (&vault.url, vault.certificate.display());
    format!("vault-url = '{url}/'\nauthority-host = '{url}'\nverify-challenge = false\ntls = {{ ca = '{ca}' }}\n{more}")
}

fn application(method: &str, more: &str) -> String {
    format!("auth = {{ method = '{method}', tenant-id = '{TENANT}', client-id = '{CLIENT_ID}', {more} }}")
}

fn program(vault: &Vault, more: &str) -> Program {
    Program::with("azure-key-vault", &at(vault, more)).set("SECRET", CLIENT_SECRET)
}

fn by_secret() -> String {
    application("client-secret", "client-secret = { env = 'SECRET' }")
}

#[test]
fn an_application_by_its_secret_and_who_it_is() {
    let vault = Vault::start();
    let program = program(&vault, &by_secret());
    let [severity, message, _] = program.found("identity");
    assert_eq!(severity, "info");
    assert!(message.contains(CLIENT_ID) && message.contains(TENANT), "{message}");
    program.says("access-model", "access policies or by roles is not told", "enableRbacAuthorization");
    let [_, message, _] = Program::with("azure-key-vault", &at(&vault, &by_secret())).found("reference-missing");
    assert!(message.contains("SECRET"), "{message}");
}

#[test]
fn every_other_way_in() {
    let vault = Vault::start();
    let assertion = application("client-assertion", "assertion = { env = 'ASSERTION' }");
    program(&vault, &assertion).set("ASSERTION", ASSERTION).found("identity");
    let workload = program(&vault, "auth = { method = 'workload-identity' }");
    let file = workload.write("token", ASSERTION);
    let workload = workload.set("AZURE_FEDERATED_TOKEN_FILE", &file).set("AZURE_CLIENT_ID", CLIENT_ID);
    workload.set("AZURE_TENANT_ID", TENANT).found("identity");
    let of_machine = format!("auth = {{ method = 'managed-identity', client-id = '{CLIENT_ID}' }}");
    let of_machine = program(&vault, &of_machine).set("IDENTITY_ENDPOINT", &vault.identity_endpoint);
    of_machine.set("IDENTITY_HEADER", IDENTITY_HEADER).found("identity");
    let more = "service-connection-id = 'connection', system-access-token = { env = 'JOB' }";
    let pipeline = program(&vault, &application("azure-pipelines", more)).set("JOB", PIPELINE_TOKEN);
    pipeline.set("SYSTEM_OIDCREQUESTURI", &vault.pipeline_endpoint).found("identity");
    let token = program(&vault, "auth = { method = 'token', token = { env = 'TOKEN' } }");
    token.set("TOKEN", &vault.token()).found("identity");
}

/// A program with a command of somebody else's on its path.
fn with_tool(vault: &Vault, more: &str, tool: &str, script: &str) -> Program {
    let program = program(vault, more);
    let file = program.write(&format!("bin/{tool}"), &format!("#!/bin/sh\n{script}\n"));
    let mode = std::os::unix::fs::PermissionsExt::from_mode(0o755);
    std::fs::set_permissions(&file, mode).unwrap();
    let folder = std::path::Path::new(&file).parent().unwrap().display().to_string();
    program.set("PATH", &format!("{folder}:/usr/bin:/bin"))
}

#[test]
fn whoever_is_logged_in_with_a_tool() {
    let vault = Vault::start();
    let az = format!(r#"echo '{{"accessToken":"{}","expires_on":4102444800,"tokenType":"Bearer"}}'"#, vault.token());
    with_tool(&vault, "auth = { method = 'azure-cli' }", "az", &az).found("identity");
    let azd = format!(r#"echo '{{"token":"{}","expiresOn":"2099-01-01T00:00:00Z"}}'"#, vault.token());
    with_tool(&vault, "auth = { method = 'azure-developer-cli' }", "azd", &azd).found("identity");
    let failing = format!("echo {CANARY} >&2; exit 1");
    let program = with_tool(&vault, "auth = { method = 'azure-cli' }", "az", &failing);
    program.says("login-failed", "az gives no token", "`az login`");
    program_without_tools(&vault).says("login-failed", "az is not installed", "install it");
}

fn program_without_tools(vault: &Vault) -> Program {
    program(vault, "auth = { method = 'azure-cli' }")
}

#[test]
fn the_first_that_airflow_would_try() {
    let vault = Vault::start();
    let environment = program(&vault, "").set("AZURE_TENANT_ID", TENANT).set("AZURE_CLIENT_ID", CLIENT_ID);
    let environment = environment.set("AZURE_CLIENT_SECRET", CLIENT_SECRET);
    environment.says("identity", "auto found client-secret", "");
    let of_machine = program(&vault, "auth = { method = 'auto' }").set("IDENTITY_ENDPOINT", &vault.identity_endpoint);
    let of_machine = of_machine.set("IDENTITY_HEADER", IDENTITY_HEADER);
    of_machine.says("identity", "auto found managed-identity", "");
    // Somebody set up on purpose who is refused is not passed over for the next.
    let wrong = program(&vault, "").set("AZURE_TENANT_ID", TENANT).set("AZURE_CLIENT_ID", CLIENT_ID);
    let wrong = wrong.set("AZURE_CLIENT_SECRET", CANARY).set("IDENTITY_ENDPOINT", &vault.identity_endpoint);
    wrong.set("IDENTITY_HEADER", IDENTITY_HEADER).says("login-failed", "AADSTS7000215", "az ad app credential reset");
    let certificate = program(&vault, "").set("AZURE_CLIENT_CERTIFICATE_PATH", "/nowhere");
    certificate.says("login-failed", "a certificate or a password is not built", "AZURE_CLIENT_SECRET");
}

#[test]
fn a_log_in_that_is_refused_says_why_and_what_to_do() {
    let vault = Vault::start();
    let wrong = program(&vault, &by_secret()).set("SECRET", CANARY);
    assert_eq!(wrong.found("login-failed")[0], "error");
    wrong.says("login-failed", "is wrong (AADSTS7000215)", "give the secret's value, not its id");
    let expired = program(&vault, &by_secret()).set("SECRET", EXPIRED_SECRET);
    expired.says("login-failed", "has expired (AADSTS7000222)", &format!("reset --id {CLIENT_ID}"));
    let stranger = by_secret().replace(CLIENT_ID, "22222222-0000-4000-8000-000000000002");
    program(&vault, &stranger).says("login-failed", "there is no application", "client-id and tenant-id");
    let elsewhere = by_secret().replace(TENANT, "33333333-0000-4000-8000-000000000001");
    program(&vault, &elsewhere).says("login-failed", "there is no tenant", "tenant-id");
    vault.with(|azure| azure.login.audience = Some("https://management.azure.com".to_owned()));
    program(&vault, &by_secret()).says("login-failed", "another audience", "https://vault.azure.net");
    let opaque = program(&vault, "auth = { method = 'token', token = { env = 'TOKEN' } }").set("TOKEN", CANARY);
    opaque.says("login-failed", "does not take the token", "log in again");
}

#[test]
fn a_vault_that_cannot_be_reached_says_why_and_what_to_do() {
    let vault = Vault::start();
    let nowhere = at(&vault, &by_secret()).replace(&format!("'{}/'", vault.url), "'https://no-such-vault.invalid'");
    let nowhere = Program::with("azure-key-vault", &nowhere).set("SECRET", CLIENT_SECRET);
    nowhere.says("unreachable", "no host of this name", "private DNS zone");
    let unknown = at(&vault, &by_secret());
    let unknown = unknown.lines().filter(|line| !line.starts_with("tls")).collect::<Vec<_>>().join("\n");
    Program::with("azure-key-vault", &unknown).set("SECRET", CLIENT_SECRET).says(
        "unreachable",
        "signed by nobody we trust",
        "tls.ca",
    );
    let verified = at(&vault, &by_secret()).replace("verify-challenge = false", "");
    let verified = Program::with("azure-key-vault", &verified).set("SECRET", CLIENT_SECRET);
    verified.says("unreachable", "a token of another domain", "verify-challenge = false");
    vault.with(|azure| azure.access.wall = Wall::Firewall);
    program(&vault, &by_secret()).says("unreachable", "firewall", "az keyvault network-rule add");
    vault.with(|azure| azure.access.wall = Wall::Private);
    program(&vault, &by_secret()).says("unreachable", "public network access is disabled", "private endpoint");
}

#[test]
fn a_right_that_is_missing_names_what_grants_it() {
    let vault = Vault::start();
    let deny = |model, rights: &[&str]| {
        vault.with(|azure| {
            azure.access.model = model;
            azure.access.denied = rights.iter().map(|right| (*right).to_owned()).collect();
        });
    };
    deny(Model::Policies, &["list", "set"]);
    let found = program(&vault, &by_secret());
    assert_eq!(found.found("right-missing")[0], "error");
    let permissions = "--secret-permissions get list set delete recover";
    found.says("right-missing", "list, set are not allowed: the job cannot run", permissions);
    found.says("access-model", "access policies", "");
    deny(Model::Roles, &["get"]);
    let found = program(&vault, &by_secret());
    found.says("right-missing", "get is not allowed", "--role \"Key Vault Secrets Officer\"");
    found.says("access-model", "roles (RBAC)", "");
    deny(Model::Roles, &["delete"]);
    let [severity, message, _] = program(&vault, &by_secret()).found("right-missing");
    assert_eq!((severity.as_str(), message.as_str()), ("warning", "delete is not allowed: deletes are refused"));
}

async fn open(table: &str) -> Store {
    let settings = StoreKind::find(KINDS, "azure-key-vault").unwrap().read(table.parse().unwrap()).unwrap();
    let revision_key = MasterKey::random().subkey(Purpose::Revision);
    let opening = Opening {
        name: "azure".into(),
        role: Role::Source,
        revision_key,
        observer: Arc::new(Blind),
        quotas: Quotas::default(),
    };
    settings.open(opening).await.unwrap()
}

/// The table with a secret in a file, and the file.
fn with_file(vault: &Vault, method: &str, text: &str) -> (tempfile::NamedTempFile, String) {
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), text).unwrap();
    let path = file.path().display();
    let auth = match method {
        "token" => format!("auth = {{ method = 'token', token = {{ file = '{path}' }} }}"),
        _ => application(method, &format!("client-secret = {{ file = '{path}' }}")),
    };
    (file, at(vault, &auth))
}

fn everything() -> Scope {
    Scope { kinds: Kind::ALL.to_vec() }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_first_request_goes_alone() {
    let vault = Vault::start();
    let (_file, table) = with_file(&vault, "client-secret", CLIENT_SECRET);
    let store = open(&table).await;
    let keys: Vec<_> = (0..16).map(|number| [RemoteKey::new(format!("key-{number}"))]).collect();
    let answers = join_all(keys.iter().map(|key| store.read(key))).await;
    assert!(answers.iter().flatten().all(|answer| matches!(answer, Ok(None))), "{answers:?}");
    let counts = vault.counts();
    assert_eq!((counts["Challenge"], counts["Token"]), (1, 1), "{counts:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_that_ends_is_asked_for_anew_with_the_secret_as_it_is_then() {
    let vault = Vault::start();
    let (file, table) = with_file(&vault, "client-secret", CLIENT_SECRET);
    vault.with(|azure| azure.login.lifetime = 1);
    let store = open(&table).await;
    store.list(&everything()).await.unwrap();
    std::fs::write(file.path(), CANARY).unwrap();
    tokio::time::sleep(std::time::Duration::from_millis(1500)).await;
    let error = store.list(&everything()).await.unwrap_err();
    assert!(error.explained().contains("AADSTS7000215"), "{}", error.explained());
    std::fs::write(file.path(), CLIENT_SECRET).unwrap();
    store.list(&everything()).await.unwrap();
    assert!(vault.counts()["Token"] >= 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_that_somebody_else_renews_is_read_again() {
    let vault = Vault::start();
    let (file, table) = with_file(&vault, "token", CANARY);
    let store = open(&table).await;
    let error = store.list(&everything()).await.unwrap_err();
    assert!(!error.explained().contains(CANARY) && error.explained().contains("does not take the token"));
    std::fs::write(file.path(), vault.token()).unwrap();
    store.list(&everything()).await.unwrap();
}

#[test]
fn every_fault_of_a_table_is_named_at_once() {
    let faults = |table: &str| {
        let settings = StoreKind::find(KINDS, "azure-key-vault").unwrap().read(table.parse().unwrap()).unwrap();
        settings.faults().into_iter().map(|fault| fault.path).collect::<Vec<_>>()
    };
    let url = "vault-url = 'https://v.vault.azure.net'\n";
    let rows = [
        (url.to_owned(), vec![]),
        (String::new(), vec!["vault-url"]),
        ("vault-url = 'v.vault.azure.net'".to_owned(), vec!["vault-url"]),
        ("vault-url = 'http://v.vault.azure.net'".to_owned(), vec!["vault-url"]),
        ("vault-url = 'https://v.vault.azure.net/secrets/x'".to_owned(), vec!["vault-url"]),
        (
            "authority-host = 'http://x'\ntimeout = '0s'\nwidth = 0\npace = { all = 0.0 }".to_owned(),
            vec!["vault-url", "authority-host", "pace.all", "timeout", "width"],
        ),
        (format!("{url}auth = {{ method = 'password' }}"), vec!["auth.method"]),
        (format!("{url}auth = {{ client-id = 'x' }}"), vec!["auth.client-id"]),
        (
            format!("{url}auth = {{ method = 'client-secret' }}"),
            vec!["auth.client-secret", "auth.client-id", "auth.tenant-id"],
        ),
        (
            format!("{url}auth = {{ method = 'azure-cli', tenant-id = 'a b', token = {{ env = 'X' }} }}"),
            vec!["auth.token", "auth.tenant-id"],
        ),
        (format!("{url}auth = {{ method = 'managed-identity', client-id = 'x', object-id = 'y' }}"), vec!["auth"]),
        (format!("{url}tls = {{ client-key = 'x' }}"), vec!["tls"]),
    ];
    for (table, expected) in rows {
        assert_eq!(faults(&table), expected, "{table}");
    }
}
