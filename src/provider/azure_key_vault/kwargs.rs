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
