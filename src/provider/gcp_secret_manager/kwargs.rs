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

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test may stop at the first surprise")]

    use serde_json::json;

    use super::*;
    use crate::model::Kind;
    use crate::naming::Place;
    use crate::provider::StoreSettings as _;

    const CANARY: &str = "canary";

    /// Settings of arguments in a file, as they may hold secrets there, and of more of our own keys.
    fn told(kwargs: &serde_json::Value, more: &str) -> SecretManagerSettings {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("kwargs"), kwargs.to_string()).unwrap();
        let mut settings: SecretManagerSettings =
            toml::from_str(&format!("{more}\nbackend-kwargs = {{ file = 'kwargs' }}")).unwrap();
        settings.relative_to(folder.path());
        settings
    }

    /// The faults of arguments that stand in the config itself.
    fn faults(kwargs: &serde_json::Value) -> Vec<String> {
        let mut settings: SecretManagerSettings = toml::from_str(&format!("backend-kwargs = '{kwargs}'")).unwrap();
        settings.relative_to(Path::new("/config"));
        settings.faults().iter().map(|fault| format!("{}: {}", fault.path, fault.problem)).collect()
    }

    fn ignored(settings: &SecretManagerSettings) -> Vec<String> {
        let remarks = settings.remarks("google").into_iter();
        remarks.filter(|finding| finding.code == "kwarg-ignored").map(|finding| finding.message).collect()
    }

    fn login(kwargs: &serde_json::Value) -> Option<Login> {
        let found = told(kwargs, "");
        assert!(found.kwargs.faults.is_empty() && !format!("{found:?}").contains(CANARY), "{:?}", found.kwargs.faults);
        found.kwargs.login
    }

    #[test]
    fn the_place_is_the_arguments() {
        let kwargs = json!({"project_id": "my-project-1", "connections_prefix": "air_c-", "variables_prefix": null,
            "config_prefix": "", "sep": "_"});
        let found = told(&kwargs, "");
        assert_eq!((found.faults(), ignored(&found)), (Vec::new(), Vec::new()));
        let rule = found.rule();
        let places = [Kind::Connection, Kind::Variable, Kind::Config].map(|kind| rule.place(kind).clone());
        assert_eq!(places, [Place::prefix("air_c-"), Place::Off, Place::prefix("")], "Airflow takes nothing away");
        assert!(&*rule.separator == "_" && found.identity().contains("my-project-1"));
        let found = told(&kwargs, "project = 'our-project-1'\nvariables-prefix = 'ours'\nsep = '-'");
        assert!(found.identity().contains("our-project-1") && &*found.rule().separator == "-");
        assert_eq!(found.rule().variables, Place::prefix("ours"));
    }

    #[test]
    fn airflows_way_in_is_ours() {
        let proof = |kwargs: serde_json::Value| login(&kwargs).map(|login| login.proof);
        assert_eq!(proof(json!({"project_id": "p"})), None);
        assert!(matches!(proof(json!({"gcp_key_path": "/k.json"})), Some(Proof::Key(SecretPlace::Reference(_)))));
        let key = proof(json!({"gcp_keyfile_dict": {"private_key": CANARY}}));
        assert!(matches!(key, Some(Proof::Key(SecretPlace::Kwarg { key: KEY, .. }))));
        let config = |given: serde_json::Value| proof(json!({"gcp_credential_config_file": given}));
        assert!(matches!(config(json!("c.json")), Some(Proof::ExternalAccount(SecretPlace::Reference(_)))));
        for inside in [json!({"type": CANARY}), json!(format!("{{\"type\": {CANARY:?}}}"))] {
            assert!(matches!(config(inside), Some(Proof::ExternalAccount(SecretPlace::Kwarg { .. }))));
        }
        let chain = login(&json!({"impersonation_chain": ["a@p.x", "b@p.x"]})).unwrap();
        let impersonation = Impersonation { account: "b@p.x".to_owned(), delegates: vec!["a@p.x".to_owned()] };
        assert_eq!((chain.proof, chain.impersonation), (Proof::Default, Some(impersonation)));
        let kwargs = json!({"gcp_key_path": "/k.json"});
        for ours in ["auth = { method = 'default' }", "impersonate = 'c@p.x'"] {
            assert_eq!(told(&kwargs, ours).kwargs.login, None, "our own key wins");
        }
    }

    #[test]
    fn what_is_not_followed_is_named() {
        let found = ignored(&told(&json!({"gcp_scopes": "a,b", "typo": 1, "location": "eu"}), ""));
        for name in ["gcp_scopes", "typo", "location"] {
            assert_eq!(found.iter().filter(|said| said.contains(&format!(" {name} "))).count(), 1, "{name}: {found:?}");
        }
        assert_eq!(found.len(), 3, "{found:?}");
    }

    #[test]
    fn what_is_wrong_is_told_of_the_argument() {
        for (kwargs, expected) in [
            (json!({"gcp_keyfile_dict": {"private_key": CANARY}}), "gcp_keyfile_dict is a secret"),
            (json!({"gcp_credential_config_file": {"type": CANARY}}), "gcp_credential_config_file is a secret"),
            (json!({"gcp_key_path": "/k.p12"}), "gcp_key_path: the file's name does not end in .json"),
            (json!({"gcp_key_path": "/k.json", "gcp_credential_config_file": "c.json"}), "are given at once"),
            (json!({"project_id": "no/project"}), "project_id: this is no project"),
            (json!({"project_id": 1}), "project_id: expected a text"),
            (json!({"impersonation_chain": 1}), "impersonation_chain: expected a text, a list of texts"),
            (json!({"connections_prefix": "air/c"}), "connections_prefix: "),
        ] {
            let found = faults(&kwargs);
            let is_told = |fault: &String| fault.starts_with("backend-kwargs: ") && fault.contains(expected);
            assert!(found.iter().any(is_told), "{expected}: {found:?}");
            assert!(!format!("{found:?}").contains(CANARY));
        }
    }
}
