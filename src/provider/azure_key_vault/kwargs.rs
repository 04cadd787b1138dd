//! The `backend_kwargs` of Airflow's `AzureKeyVaultBackend`: what they say of a store, where its own keys do not.

use std::path::Path;

use super::login::{Application, Auto, Login};
use super::settings::KeyVaultSettings;
use crate::model::python::Value;
use crate::provider::Filling;

/// Arguments of Microsoft's `SecretClient` that our connections do without, and why.
const UNUSED: [(&str, &str); 12] = [
    ("api_version", "secretferry speaks the version that its own library knows"),
    ("proxies", PROXIES),
    ("proxy", PROXIES),
    ("connection_timeout", TIMEOUT),
    ("read_timeout", TIMEOUT),
    ("connection_cert", "Azure knows clients by their tokens"),
    ("retry_total", RETRIES),
    ("retry_mode", RETRIES),
    ("retry_backoff_factor", RETRIES),
    ("retry_backoff_max", RETRIES),
    ("logging_enable", "secretferry never logs what is said to a vault"),
    ("user_agent", "secretferry has a name of its own"),
];
const PROXIES: &str = "proxies are taken from HTTPS_PROXY and NO_PROXY";
const TIMEOUT: &str = "of time-outs see timeout";
const RETRIES: &str = "secretferry has its own way of repeating what failed";
const UNKNOWN: &str =
    "Airflow hands it on to Microsoft's SecretClient, and secretferry knows of nothing that it does there (15.2.1)";

/// Fills in what `backend-kwargs` say and the store's own keys do not.
pub(super) fn complete(settings: &mut KeyVaultSettings, folder: &Path) {
    let Some(given) = settings.backend_kwargs.clone() else { return };
    let mut filling = match Filling::begin(&given, folder) {
        Ok(filling) => filling,
        Err(refused) => {
            settings.kwargs = refused;
            return;
        }
    };
    filling.fill_text(&mut settings.vault_url, ("vault-url", "vault_url"));
    filling.prefixes([&mut settings.connections_prefix, &mut settings.variables_prefix, &mut settings.config_prefix]);
    filling.fill_text(&mut settings.sep, ("sep", "sep"));
    filling.authority(&mut settings.tls.ca, "connection_verify");
    challenge(&mut filling, settings);
    let login = login(&mut filling, settings.auth.is_some());
    filling.ignore_all(&UNUSED);
    settings.kwargs =
        filling.end(login, UNKNOWN, "take it out, also of Airflow's own configuration, or mend its spelling");
}

fn challenge(filling: &mut Filling<'_>, settings: &mut KeyVaultSettings) {
    const KWARG: &str = "verify_challenge_resource";
    match filling.kwargs.take(KWARG) {
        None | Some(Value::Null) => {}
        Some(Value::Bool(flag)) => {
            filling.fill(&mut settings.verify_challenge, Some(flag), ("verify-challenge", KWARG));
        }
        Some(_) => filling.kwargs.fault(format!("{KWARG}: expected true or false"), "leave it out for true"),
    }
}

/// How Airflow logs in: by a secret where all that it takes is there, else by Microsoft's default chain.
fn login(filling: &mut Filling<'_>, has_own: bool) -> Option<Login> {
    let given = |text: Option<String>| text.filter(|text| !text.is_empty());
    let tenant = given(filling.kwargs.text("tenant_id"));
    let client = given(filling.kwargs.text("client_id"));
    let secret = filling.kwargs.secret("client_secret");
    let managed_identity = given(filling.kwargs.text("managed_identity_client_id"));
    let workload_tenant = given(filling.kwargs.text("workload_identity_tenant_id"));
    if has_own || !filling.kwargs.faults.is_empty() {
        return None;
    }
    if let (Some(tenant), Some(client), Some(secret)) = (&tenant, &client, &secret) {
        let application = Application { tenant: tenant.clone(), client: client.clone() };
        return Some(Login::ClientSecret { application, secret: secret.clone() });
    }
    let parts = [("tenant_id", tenant.is_some()), ("client_id", client.is_some()), ("client_secret", secret.is_some())];
    say_halved(filling, &parts);
    let parts = [
        ("managed_identity_client_id", managed_identity.is_some()),
        ("workload_identity_tenant_id", workload_tenant.is_some()),
    ];
    if parts.iter().all(|(_, is_given)| *is_given) {
        return Some(Login::Auto(Auto { managed_identity, workload_tenant }));
    }
    say_halved(filling, &parts);
    None
}

/// Says of arguments that count together only, as in Airflow, that some are there without the others.
fn say_halved(filling: &mut Filling<'_>, parts: &[(&str, bool)]) {
    let missing: Vec<_> = parts.iter().filter(|(_, is_given)| !is_given).map(|(kwarg, _)| *kwarg).collect();
    for (kwarg, _) in parts.iter().filter(|(_, is_given)| *is_given) {
        let why = format!("Airflow's backend, too, does without it where {} is missing", missing.join(" and "));
        filling.say_ignored(kwarg, &why, "give all of them, also to Airflow, or none");
    }
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
    fn told(kwargs: &serde_json::Value, more: &str) -> KeyVaultSettings {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("kwargs"), kwargs.to_string()).unwrap();
        let mut settings: KeyVaultSettings =
            toml::from_str(&format!("{more}\nbackend-kwargs = {{ file = 'kwargs' }}")).unwrap();
        settings.relative_to(folder.path());
        settings
    }

    /// The faults of arguments that stand in the config itself.
    fn faults(kwargs: &serde_json::Value) -> Vec<String> {
        let mut settings: KeyVaultSettings = toml::from_str(&format!("backend-kwargs = '{kwargs}'")).unwrap();
        settings.relative_to(Path::new("/config"));
        settings.faults().iter().map(|fault| format!("{}: {}", fault.path, fault.problem)).collect()
    }

    fn ignored(settings: &KeyVaultSettings) -> Vec<String> {
        let remarks = settings.remarks("vault").into_iter();
        remarks.filter(|finding| finding.code == "kwarg-ignored").map(|finding| finding.message).collect()
    }

    #[test]
    fn the_place_is_the_arguments() {
        let kwargs = json!({"vault_url": "https://v.vault.azure.net/", "connections_prefix": "air_c-", "variables_prefix": null,
            "config_prefix": "", "verify_challenge_resource": false, "connection_verify": "/ca.pem"});
        let found = told(&kwargs, "");
        assert_eq!((found.faults(), ignored(&found)), (Vec::new(), Vec::new()));
        let rule = found.rule();
        let places = [Kind::Connection, Kind::Variable, Kind::Config].map(|kind| rule.place(kind).clone());
        assert_eq!(places, [Place::prefix("air-c"), Place::Off, Place::prefix("")]);
        assert_eq!((found.verify_challenge, found.tls.ca), (Some(false), Some("/ca.pem".into())));
        let found = told(
            &kwargs,
            "vault-url = 'https://ours.vault.azure.net'\nvariables-prefix = 'ours'\nverify-challenge = true",
        );
        assert!(found.identity().contains("ours.vault") && found.verify_challenge == Some(true));
        assert_eq!(found.rule().variables, Place::prefix("ours"));
    }

    #[test]
    fn airflows_way_in_is_ours() {
        let secret = json!({"vault_url": "https://v.vault.azure.net", "tenant_id": "t", "client_id": "c", "client_secret": CANARY});
        let found = told(&secret, "");
        assert!(
            matches!(&found.kwargs.login, Some(Login::ClientSecret { application, .. }) if application.tenant == "t")
        );
        assert!(!format!("{found:?}").contains(CANARY));
        assert_eq!(told(&secret, "auth = { method = 'azure-cli' }").kwargs.login, None, "our own key wins");
        let pair = json!({"managed_identity_client_id": "m", "workload_identity_tenant_id": "w"});
        let auto = Auto { managed_identity: Some("m".to_owned()), workload_tenant: Some("w".to_owned()) };
        assert_eq!(told(&pair, "").kwargs.login, Some(Login::Auto(auto)));
        for (half, missing) in [
            (json!({"tenant_id": "t", "client_id": "c"}), "client_secret is missing"),
            (json!({"managed_identity_client_id": "m"}), "workload_identity_tenant_id is missing"),
        ] {
            let found = told(&half, "");
            assert_eq!(found.kwargs.login, None);
            let said = ignored(&found);
            assert!(said.len() == half.as_object().unwrap().len() && said[0].contains(missing), "{said:?}");
        }
    }

    #[test]
    fn what_is_not_followed_is_named() {
        let kwargs = json!({"vault_url": "https://v.vault.azure.net", "proxies": {}, "retry_total": 3, "api_version": "7.4", "typo": 1});
        let found = ignored(&told(&kwargs, ""));
        for name in ["proxies", "retry_total", "api_version", "typo"] {
            assert_eq!(found.iter().filter(|said| said.contains(&format!(" {name} "))).count(), 1, "{name}: {found:?}");
        }
        assert_eq!(found.len(), 4, "{found:?}");
    }

    #[test]
    fn what_is_wrong_is_told_of_the_argument() {
        for (kwargs, expected) in [
            (json!({"client_secret": CANARY}), "client_secret is a secret"),
            (json!({"vault_url": "http://v"}), "vault_url: the URL does not start with https://"),
            (json!({"vault_url": 1}), "vault_url: expected a text"),
            (json!({"connection_verify": false}), "connection_verify is switched off"),
            (json!({"verify_challenge_resource": "no"}), "verify_challenge_resource: expected true or false"),
            (json!({"sep": "_"}), "sep: "),
            (json!({"connections_prefix": "air/c"}), "connections_prefix: "),
        ] {
            let found = faults(&kwargs);
            let is_told = |fault: &String| fault.starts_with("backend-kwargs: ") && fault.contains(expected);
            assert!(found.iter().any(is_told), "{expected}: {found:?}");
            assert!(!format!("{found:?}").contains(CANARY));
        }
    }
}
