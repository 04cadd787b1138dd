//! What Airflow's `VaultBackend` must be told to read what lies here.

use std::time::Duration;

use serde_json::Value;
use tokio::time::timeout;

use super::auth::SERVICE_ACCOUNT_TOKEN;
use super::checked::{Checked, check, rule_of};
use super::layout::{Area, below};
use super::login::{Login, Proof};
use super::policy::hcl;
use super::rule::KvVersion;
use super::settings::{TeamsSetting, VaultSettings};
use super::{DIALECT, mounts, opening};
use crate::model::{Kind, Requirement};
use crate::naming::{Place, Rule};
use crate::provider::{AirflowBackend, Opening, ReadPolicy, SecretPlace};
use crate::reference::Reference;

const CLASS: &str = "airflow.providers.hashicorp.secrets.vault.VaultBackend";
/// The oldest provider whose reading of plain fields was looked at.
const OLDEST: Requirement = Requirement::of_vault((4, 6, 0), "the backend as secretferry knows it");
/// How long Vault may take to say which version a mount is.
const PATIENCE: Duration = Duration::from_secs(10);

/// What Airflow must be told; `None` for settings with faults.
pub(super) async fn backend(settings: &VaultSettings, opening: Opening) -> Option<AirflowBackend> {
    let checked = check(settings).ok()?;
    let rule = rule_of(settings);
    let mut backend = AirflowBackend::new(CLASS, DIALECT);
    backend.requirements = [OLDEST].into_iter().chain(settings.needs()).collect();
    let version = version(&checked, &opening).await;
    place(&mut backend, &checked, version);
    paths(&mut backend, &rule);
    if settings.teams == Some(TeamsSetting::Unsupported) {
        backend.set("use_team_secrets_path", false);
    }
    trust(&mut backend, &checked);
    login(&mut backend, &checked.login);
    backend.policy = Some(policy(&checked, &rule, version.unwrap_or(KvVersion::Two)));
    Some(backend)
}

/// The version of the mount: Airflow does not ask, so it must be told.
async fn version(checked: &Checked, opening: &Opening) -> Option<KvVersion> {
    let (None, Some(mount)) = (checked.version, &checked.mount) else { return checked.version };
    let requests = opening::requests(checked, opening).ok()?;
    timeout(PATIENCE, mounts::settle(&requests, mount, None)).await.ok()?.ok()
}

fn place(backend: &mut AirflowBackend, checked: &Checked, version: Option<KvVersion>) {
    backend.set("url", checked.address.as_str().trim_end_matches('/'));
    if let Some(namespace) = &checked.namespace {
        backend.set("namespace", namespace.as_str());
    }
    backend.set("mount_point", checked.mount.clone());
    backend.set("kv_engine_version", if version == Some(KvVersion::One) { 1 } else { 2 });
    if version.is_none() && checked.mount.is_some() {
        let note = "Vault did not say which version the mount is: 2 is assumed; kv-version settles it";
        backend.notes.push(note.to_owned());
    }
}

fn paths(backend: &mut AirflowBackend, rule: &Rule) {
    let kinds =
        [("connections_path", Kind::Connection), ("variables_path", Kind::Variable), ("config_path", Kind::Config)];
    for (key, kind) in kinds {
        let value = match rule.place(kind) {
            Place::Off => Value::Null,
            Place::Prefixes(prefixes) => match prefixes.as_slice() {
                [one] => one.as_str().into(),
                several => several.into(),
            },
        };
        backend.set(key, value);
    }
}

fn trust(backend: &mut AirflowBackend, checked: &Checked) {
    if let Some(authority) = &checked.tls.ca {
        backend.set("verify", authority.display().to_string());
        backend
            .notes
            .push("verify is the file of the authority where secretferry runs; Airflow needs it too".to_owned());
    }
    if checked.tls.client_certificate.is_some() {
        let files = ["client certificate file", "client key file"].map(AirflowBackend::placeholder);
        backend.set("cert", files.to_vec());
    }
}

/// The method that secretferry uses, with credentials of Airflow's own.
fn login(backend: &mut AirflowBackend, login: &Login) {
    let method = match login {
        Login::Token(_) | Login::KeptToken(_) => return token(backend),
        Login::Method(method) if method.by_certificate() => {
            let note = "Airflow's backend cannot log in with a TLS certificate; it is given a token here";
            backend.notes.push(note.to_owned());
            return token(backend);
        }
        Login::Method(method) => method,
    };
    let word = method.airflow_word();
    backend.set("auth_type", word);
    if method.mount != method.usual_mount() {
        backend.set("auth_mount_point", method.mount.as_str());
    }
    match &method.proof {
        Proof::AppRole { .. } => {
            backend.ask("role_id", "role id of Airflow");
            backend.ask("secret_id", "secret id of Airflow");
        }
        Proof::Password { .. } => {
            backend.ask("username", "user of Airflow");
            backend.ask("password", "password of that user");
        }
        Proof::Jwt { jwt, .. } => bearer(backend, word, jwt),
        Proof::AwsIam(iam) => {
            backend.ask("role_id", "role of Airflow");
            if let Some(region) = &iam.region {
                backend.set("region", region.as_str());
            }
            for (name, what) in
                [("AWS_ACCESS_KEY_ID", "access key of Airflow"), ("AWS_SECRET_ACCESS_KEY", "its secret")]
            {
                backend.variables.push((name, AirflowBackend::placeholder(what)));
            }
            if iam.server_id.is_some() {
                let note = "Airflow's backend sends no X-Vault-AWS-IAM-Server-ID: the method it logs in with must not ask for one";
                backend.notes.push(note.to_owned());
            }
        }
        Proof::Certificate { .. } => {}
    }
}

fn bearer(backend: &mut AirflowBackend, word: &str, jwt: &SecretPlace) {
    backend.ask(&format!("{word}_role"), "role of Airflow");
    let usual = SecretPlace::Reference(Reference::File(SERVICE_ACCOUNT_TOKEN.into()));
    if *jwt != usual {
        let key = if word == "jwt" { "jwt_token_path" } else { "kubernetes_jwt_path" };
        backend.ask(key, "file of Airflow's token");
    } else if word == "jwt" {
        backend.set("jwt_token_path", SERVICE_ACCOUNT_TOKEN);
    }
}

fn token(backend: &mut AirflowBackend) {
    backend.variables.push(("VAULT_TOKEN", AirflowBackend::placeholder("token of Airflow")));
}

fn policy(checked: &Checked, rule: &Rule, version: KvVersion) -> ReadPolicy {
    let area = if version == KvVersion::One { Area::Plain } else { Area::Data };
    let mount = checked.mount.as_deref().unwrap_or("+");
    let mut stanzas: Vec<String> = Kind::ALL
        .iter()
        .flat_map(|kind| rule.place(*kind).prefixes())
        .map(|prefix| hcl(&below(area, mount, prefix, "*"), &["read"]))
        .collect();
    stanzas.sort();
    stanzas.dedup();
    let instruction = "the read-only policy of Airflow: `vault policy write airflow-read airflow-read.hcl`";
    ReadPolicy { instruction: instruction.to_owned(), text: stanzas.join("\n") }
}
