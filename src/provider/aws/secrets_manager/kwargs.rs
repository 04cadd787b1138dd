//! The `backend_kwargs` of Airflow's `SecretsManagerBackend`: what they say of a store, where its own keys do not.

use std::collections::BTreeMap;
use std::path::Path;

use super::settings::SecretsManagerSettings;
use crate::model::python::Value;
use crate::provider::Filling;
use crate::provider::aws::kwargs::{Fields, HasOwnLogin, end, place};

/// What providers before 9.0 took.
const OLD: [&str; 2] = ["full_url_mode", "are_secret_values_urlencoded"];

/// Fills in what `backend-kwargs` say and the store's own keys do not.
pub(super) fn complete(settings: &mut SecretsManagerSettings, folder: &Path) {
    let Some(given) = settings.backend_kwargs.clone() else { return };
    let mut filling = match Filling::begin(&given, folder) {
        Ok(filling) => filling,
        Err(refused) => {
            settings.kwargs = refused;
            return;
        }
    };
    let fields = Fields {
        region: &mut settings.region,
        endpoint_url: &mut settings.endpoint_url,
        tls: &mut settings.tls,
        prefixes: [&mut settings.connections_prefix, &mut settings.variables_prefix, &mut settings.config_prefix],
        patterns: [
            &mut settings.connections_lookup_pattern,
            &mut settings.variables_lookup_pattern,
            &mut settings.config_lookup_pattern,
        ],
    };
    place(&mut filling, fields);
    filling.fill_text(&mut settings.sep, ("sep", "sep"));
    words(settings, &mut filling);
    for kwarg in OLD {
        let why = "apache-airflow-providers-amazon does so since 9.0";
        filling.ignore(kwarg, why, "as a source of secrets that older ones read, set legacy");
    }
    let has_own = if settings.auth.is_some() { HasOwnLogin::Yes } else { HasOwnLogin::No };
    settings.kwargs = end(filling, has_own);
}

fn words(settings: &mut SecretsManagerSettings, filling: &mut Filling<'_>) {
    let Some(given) = filling.kwargs.take("extra_conn_words").filter(|value| !value.is_null()) else { return };
    let text = |value: &Value| Some(value.as_text()?.as_str()?.to_owned());
    let list = |value: &Value| match value {
        Value::List(values) => values.iter().map(text).collect::<Option<Vec<_>>>(),
        _ => None,
    };
    let fields = given.as_object().map(|fields| {
        let field =
            |(name, words): (&crate::model::python::Text, &Value)| Some((name.as_str()?.to_owned(), list(words)?));
        fields.iter().map(field).collect::<Option<BTreeMap<_, _>>>()
    });
    match fields.flatten() {
        None => filling
            .kwargs
            .fault("extra_conn_words: expected lists of texts by field", "write it as in {\"login\": [\"nick\"]}"),
        Some(words) => {
            let mut ours = Some(std::mem::take(&mut settings.extra_conn_words)).filter(|words| !words.is_empty());
            filling.fill(&mut ours, Some(words), ("extra-conn-words", "extra_conn_words"));
            settings.extra_conn_words = ours.unwrap_or_default();
        }
    }
}
