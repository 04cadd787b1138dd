//! The `backend_kwargs` of Airflow's `CloudSecretManagerBackend`: what they say of a store, where its own keys do not.

use std::path::Path;

use super::login::{Impersonation, Login, Proof};
use super::settings::SecretManagerSettings;
use crate::provider::{Filling, SecretPlace};
use crate::reference::Reference;

const UNKNOWN: &str = "Airflow's backend knows no such argument, and fails to start with it (22.8.0)";
const KEY_PATH: &str = "gcp_key_path";
const KEY: &str = "gcp_keyfile_dict";
const CONFIG: &str = "gcp_credential_config_file";

/// Fills in what `backend-kwargs` say and the store's own keys do not.
pub(super) fn complete(settings: &mut SecretManagerSettings, folder: &Path) {
    let Some(given) = settings.backend_kwargs.clone() else { return };
    let mut filling = match Filling::begin(&given, folder) {
        Ok(filling) => filling,
        Err(refused) => {
            settings.kwargs = refused;
            return;
        }
    };
    filling.fill_text(&mut settings.project, ("project", "project_id"));
    filling.prefixes([&mut settings.connections_prefix, &mut settings.variables_prefix, &mut settings.config_prefix]);
    filling.fill_text(&mut settings.sep, ("sep", "sep"));
    let login = login(&mut filling);
    let has_own = settings.auth.is_some() || settings.impersonate.is_some();
    let why = "secretferry asks for the scope of all of Google Cloud, cloud-platform; roles say what it may do";
    filling.ignore("gcp_scopes", why, "nothing");
    let login = login.filter(|_| !has_own);
    settings.kwargs = filling.end(login, UNKNOWN, "take it out, also of Airflow's own configuration");
}

/// How Airflow logs in; `None` where it is left to Google's default.
fn login(filling: &mut Filling<'_>) -> Option<Login> {
    let file = filling.kwargs.text(KEY_PATH).filter(|path| !path.is_empty());
    let key = filling.kwargs.secret_object(KEY);
    let config = config(filling);
    let impersonation = impersonation(filling);
    let given = [(KEY_PATH, file.is_some()), (KEY, key.is_some()), (CONFIG, config.is_some())];
    let given: Vec<_> = given.into_iter().filter(|(_, is_given)| *is_given).map(|(kwarg, _)| kwarg).collect();
    if given.len() > 1 {
        let problem = format!("{} are given at once, and Airflow's backend fails to start", given.join(" and "));
        filling.kwargs.fault(problem, "leave one of them");
        return None;
    }
    if file.as_ref().is_some_and(|path| !path.ends_with(".json")) {
        let problem =
            format!("{KEY_PATH}: the file's name does not end in .json, and Airflow's backend fails to start");
        filling.kwargs.fault(problem, "name the key's JSON file, or set auth");
        return None;
    }
    let file = file.map(|path| SecretPlace::Reference(Reference::File(filling.folder.join(path))));
    let proof = match (file.or(key), config) {
        (Some(key), _) => Proof::Key(key),
        (None, Some(config)) => Proof::ExternalAccount(config),
        (None, None) if impersonation.is_some() => Proof::Default,
        (None, None) => return None,
    };
    Some(Login { proof, impersonation, quota_project: None })
}

/// A credential configuration: a file, or what would stand in one, which may hold a secret.
fn config(filling: &mut Filling<'_>) -> Option<SecretPlace> {
    let is_file = |text: &str| !text.trim_start().starts_with('{');
    match filling.kwargs.peek_text(CONFIG).filter(|text| is_file(text)) {
        Some(path) => {
            filling.kwargs.take(CONFIG);
            Some(path).filter(|path| !path.is_empty()).map(|path| Reference::File(filling.folder.join(path)).into())
        }
        None => filling.kwargs.secret_object(CONFIG),
    }
}

/// Whom the log-in acts as: the last of the chain, through all that stand before it.
fn impersonation(filling: &mut Filling<'_>) -> Option<Impersonation> {
    let mut delegates = filling.kwargs.nullable_texts("impersonation_chain").flatten()?;
    let account = delegates.pop().filter(|account| !account.is_empty())?;
    Some(Impersonation { account, delegates })
}
