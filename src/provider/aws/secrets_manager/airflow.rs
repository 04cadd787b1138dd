//! What Airflow's `SecretsManagerBackend` must be told to read what lies here.

use super::checked::check;
use super::dialect;
use super::opening::SERVICE;
use super::settings::SecretsManagerSettings;
use crate::provider::aws::airflow::{Reader, tell};
use crate::provider::{AirflowBackend, Opening};

const CLASS: &str = "airflow.providers.amazon.aws.secrets.secrets_manager.SecretsManagerBackend";

/// What Airflow must be told; `None` for settings with faults, and for what only old providers read.
pub(super) async fn backend(settings: &SecretsManagerSettings, opening: &Opening) -> Option<AirflowBackend> {
    let checked = check(settings).ok()?;
    let mut backend = AirflowBackend::new(CLASS, dialect::of(settings));
    let reader = Reader {
        service: SERVICE,
        arn: ("secretsmanager", "secret:"),
        action: "secretsmanager:GetSecretValue",
        rule: &checked.rule,
        kms_key: settings.kms_key_id.as_deref(),
    };
    tell(&mut backend, reader, &checked.access, opening).await;
    if let Some(separator) = &settings.sep {
        backend.set("sep", separator.as_str());
    }
    if !settings.extra_conn_words.is_empty() {
        let words = settings.extra_conn_words.iter().map(|(field, words)| (field.clone(), words.clone().into()));
        backend.set("extra_conn_words", serde_json::Value::Object(words.collect()));
    }
    if settings.legacy.is_some() {
        let note = "legacy: the provider must be older than 9.0 to read connections written so";
        backend.notes.push(note.to_owned());
    }
    Some(backend)
}
