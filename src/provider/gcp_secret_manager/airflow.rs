//! What Airflow's `CloudSecretManagerBackend` must be told to read what lies here.

use serde_json::Value;

use super::checked::check;
use super::login::{Login, Proof};
use super::rule::SEPARATOR;
use super::settings::SecretManagerSettings;
use crate::model::{Dialect, Kind, Requirement};
use crate::naming::Rule;
use crate::provider::{AirflowBackend, ReadPolicy};

const CLASS: &str = "airflow.providers.google.cloud.secrets.secret_manager.CloudSecretManagerBackend";
/// The oldest provider whose reading was looked at.
const OLDEST: Requirement = Requirement::of_google((10, 11, 0), "the backend as secretferry knows it");
const PREFIXES: [(&str, Kind); 3] =
    [("connections_prefix", Kind::Connection), ("variables_prefix", Kind::Variable), ("config_prefix", Kind::Config)];
const UNKNOWN_PROJECT: &str = "<project>";

/// What Airflow must be told; `None` for settings with faults, and for regional secrets, which it never asks for.
pub(super) fn backend(
    settings: &SecretManagerSettings,
    project: Option<String>,
    dialect: Dialect,
) -> Option<AirflowBackend> {
    let checked = check(settings).ok()?;
    if checked.access.location.is_some() {
        return None;
    }
    let mut backend = AirflowBackend::new(CLASS, dialect);
    backend.requirements.push(OLDEST);
    let project = project.unwrap_or_else(|| UNKNOWN_PROJECT.to_owned());
    backend.set("project_id", project.as_str());
    names(&mut backend, &checked.rule);
    login(&mut backend, &checked.access.login);
    if checked.access.endpoint.is_some() {
        let note =
            "endpoint-url has no counterpart in Airflow's backend, which always asks secretmanager.googleapis.com";
        backend.notes.push(note.to_owned());
    }
    backend.policy = Some(policy(&checked.rule, &project));
    Some(backend)
}

fn names(backend: &mut AirflowBackend, rule: &Rule) {
    for (key, kind) in PREFIXES {
        let prefix = rule.place(kind).prefixes().first();
        backend.set(key, prefix.map_or(Value::Null, |prefix| prefix.as_str().into()));
    }
    if *rule.separator != *SEPARATOR {
        backend.set("sep", &*rule.separator);
    }
}

/// The way that secretferry takes, with credentials of Airflow's own.
fn login(backend: &mut AirflowBackend, login: &Login) {
    match &login.proof {
        Proof::Default => backend.notes.push(DEFAULT.to_owned()),
        Proof::Key(_) => backend.ask("gcp_key_path", "file of Airflow's key, ending in .json"),
        Proof::ExternalAccount(_) => {
            backend.ask("gcp_credential_config_file", "file of Airflow's credential configuration");
        }
        Proof::AuthorizedUser(_) | Proof::Token(_) | Proof::Nobody => {
            let note = "secretferry logs in as no long-lived Airflow can: give Airflow a service account of its own";
            backend.notes.extend([note.to_owned(), DEFAULT.to_owned()]);
        }
    }
    if login.impersonation.is_some() {
        backend.ask("impersonation_chain", "service account that Airflow is to act as");
    }
}

const DEFAULT: &str = "Airflow logs in with Google's application default credentials: GOOGLE_APPLICATION_CREDENTIALS, or the \
                       service account of where it runs";

/// The right to read the values of Airflow's secrets alone: a condition of IAM knows prefixes.
fn policy(rule: &Rule, project: &str) -> ReadPolicy {
    let mut starts: Vec<String> = Kind::ALL
        .iter()
        .flat_map(|kind| rule.place(*kind).prefixes())
        .map(|prefix| format!("{prefix}{}", rule.separator))
        .collect();
    starts.sort();
    starts.dedup();
    let begins = |start: &String| format!("resource.name.startsWith(\"projects/$NUMBER/secrets/{start}\")");
    let expression = starts.iter().map(begins).collect::<Vec<_>>().join(" || ").replace('"', "\\\"");
    let text = format!(
        "NUMBER=$(gcloud projects describe {project} --format 'value(projectNumber)')\n\
         gcloud projects add-iam-policy-binding {project} --member \"serviceAccount:<service account of Airflow>\" \
         --role roles/secretmanager.secretAccessor --condition \"title=airflow-reads,expression={expression}\""
    );
    let instruction = "the right to read the values of Airflow's own secrets, and nothing else";
    ReadPolicy { instruction: instruction.to_owned(), text }
}
