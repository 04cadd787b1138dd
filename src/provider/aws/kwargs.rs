//! What the `backend_kwargs` of Airflow's two backends for AWS have in common: the place, the prefixes, and how Airflow logs in.

use std::path::Path;

use super::auth::{checked_arn, checked_session};
use super::login::{Keys, Login, Proof, Role};
use crate::model::Severity;
use crate::provider::{BACKEND_KWARGS, Filling, PrefixSetting, Understood};
use crate::reference::{Reference, TlsSettings, env_setting};
use crate::settings::Faults;

/// The keys of a table that the arguments of both backends can fill in.
pub(super) struct Fields<'a> {
    /// `region`.
    pub region: &'a mut Option<String>,
    /// `endpoint-url`.
    pub endpoint_url: &'a mut Option<String>,
    /// `tls`.
    pub tls: &'a mut TlsSettings,
    /// The prefixes of connections, variables and configs.
    pub prefixes: [&'a mut PrefixSetting; 3],
    /// Their lookup patterns.
    pub patterns: [&'a mut Option<String>; 3],
}

/// Arguments that our connections do without, and why.
const UNUSED: [(&str, &str); 4] = [
    ("api_version", "secretferry speaks the version that its own library knows"),
    ("config_kwargs", "of retries, time-outs and proxies see timeout, pace and HTTPS_PROXY"),
    ("service_config", "Airflow's backend takes it for STS alone; for the store itself see endpoint_url"),
    (
        "external_id",
        "apache-airflow-providers-amazon does not read it (seen in 9.39.0): it is \"ExternalId\" in assume_role_kwargs",
    ),
];
const PATTERNS: [(&str, &str); 3] = [
    ("connections-lookup-pattern", "connections_lookup_pattern"),
    ("variables-lookup-pattern", "variables_lookup_pattern"),
    ("config-lookup-pattern", "config_lookup_pattern"),
];

/// Fills in where the store is and where the keys lie in it.
pub(super) fn place(filling: &mut Filling<'_>, fields: Fields<'_>) {
    filling.fill_text(fields.region, ("region", "region_name"));
    filling.fill_text(fields.endpoint_url, ("endpoint-url", "endpoint_url"));
    filling.authority(&mut fields.tls.ca, "verify");
    if filling.kwargs.take("use_ssl").is_some_and(|value| !value.is_null() && !value.is_truthy()) {
        filling.kwargs.fault(
            "use_ssl is switched off, but secrets do not travel unencrypted here",
            "take use_ssl out; an emulator is named by endpoint_url",
        );
    }
    filling.prefixes(fields.prefixes);
    for (ours, names) in fields.patterns.into_iter().zip(PATTERNS) {
        filling.fill_text(ours, names);
    }
}

/// Takes the rest: how Airflow logs in, where the table does not say it itself, and whatever nobody takes.
pub(super) fn end(mut filling: Filling<'_>, has_own: HasOwnLogin) -> Understood<Login> {
    let given = Credentials::take(&mut filling);
    let login = match has_own {
        HasOwnLogin::Yes => None,
        HasOwnLogin::No => login(given, &mut filling),
    };
    filling.ignore_all(&UNUSED);
    let remedy = "take it out, also of Airflow's own configuration, or mend its spelling";
    filling.end(login, "nothing in Airflow's backend reads it (9.39.0)", remedy)
}

/// Whether a table has an `auth` of its own, which goes before all the arguments say of logging in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum HasOwnLogin {
    /// It has.
    Yes,
    /// The arguments count.
    No,
}

/// What the arguments say of logging in.
struct Credentials {
    keys: Option<Keys>,
    profile: Option<String>,
    role: Option<String>,
    method: String,
    external_id: Option<String>,
    session: Option<String>,
    token_file: Option<String>,
    federation: Option<String>,
    has_session_kwargs: bool,
}

impl Credentials {
    fn take(filling: &mut Filling<'_>) -> Self {
        let (external_id, session) = assume_role_kwargs(filling);
        let kwargs = &mut filling.kwargs;
        let id = kwargs.id("aws_access_key_id").map(|(_, place)| place);
        let secret = kwargs.secret("aws_secret_access_key");
        let token = kwargs.secret("aws_session_token");
        kwargs.refuse_secret("session_kwargs");
        Self {
            // As Airflow does: one without the other counts for nothing.
            keys: id.zip(secret).map(|(id, secret)| Keys { id, secret, token }),
            profile: kwargs.text("profile_name"),
            role: kwargs.text("role_arn").filter(|role| !role.is_empty()),
            method: kwargs.text("assume_role_method").unwrap_or_else(|| "assume_role".to_owned()),
            external_id,
            session,
            token_file: kwargs.text("assume_role_with_web_identity_token_file"),
            federation: kwargs.text("assume_role_with_web_identity_federation"),
            has_session_kwargs: kwargs.take("session_kwargs").is_some_and(|value| value.is_truthy()),
        }
    }
}

fn assume_role_kwargs(filling: &mut Filling<'_>) -> (Option<String>, Option<String>) {
    let Some(given) = filling.kwargs.take("assume_role_kwargs").filter(|value| !value.is_null()) else {
        return (None, None);
    };
    let Some(given) = given.as_object() else {
        filling.kwargs.fault("assume_role_kwargs: expected an object", "write it as in {\"ExternalId\": \"…\"}");
        return (None, None);
    };
    let text = |key: &str| given.get(key)?.as_text()?.as_str().map(str::to_owned);
    let others = given.iter().filter_map(|(key, _)| key.as_str());
    let others: Vec<_> = others.filter(|key| !["ExternalId", "RoleSessionName"].contains(key)).collect();
    if !others.is_empty() {
        let message = format!("{BACKEND_KWARGS}: of assume_role_kwargs {} is ignored", others.join(", "));
        let remedy = "nothing, unless secretferry is to do it too";
        filling.remark(Severity::Warning, "kwarg-ignored", message, remedy);
    }
    (text("ExternalId"), text("RoleSessionName"))
}

fn login(given: Credentials, filling: &mut Filling<'_>) -> Option<Login> {
    if given.has_session_kwargs {
        let hint = "write aws_access_key_id and aws_secret_access_key themselves, or set auth";
        filling.kwargs.fault("session_kwargs, which Airflow deprecated, are not understood here", hint);
        return None;
    }
    let mut faults = Faults::default();
    let login = given.login(filling.folder, &mut faults);
    filling.kwargs.faults.append(&mut faults.0);
    login
}

impl Credentials {
    fn login(self, folder: &Path, faults: &mut Faults) -> Option<Login> {
        let proof = match (self.keys.clone(), self.profile.clone()) {
            (Some(keys), _) => Proof::Keys(keys),
            (None, Some(profile)) => Proof::Profile(profile),
            (None, None) => Proof::Chain,
        };
        let Some(arn) = self.role.clone() else {
            return (proof != Proof::Chain).then_some(Login { proof, role: None });
        };
        let arn = checked_arn(BACKEND_KWARGS, arn, faults)?;
        let session = checked_session(BACKEND_KWARGS, self.session.clone(), faults)?;
        let role = Role { arn, external_id: self.external_id.clone(), session };
        match self.method.as_str() {
            "assume_role" => Some(Login { proof, role: Some(role) }),
            "assume_role_with_web_identity" => self.web_identity(role, folder, faults),
            "assume_role_with_saml" => {
                let hint = "set auth, secretferry's own key, to another method";
                faults.add(BACKEND_KWARGS, "assume_role_method assume_role_with_saml is not built yet", hint);
                None
            }
            _ => {
                let hint = "see Airflow's page on AWS connections, or set auth";
                faults.add(BACKEND_KWARGS, "assume_role_method: Airflow knows no such method", hint);
                None
            }
        }
    }

    fn web_identity(self, role: Role, folder: &Path, faults: &mut Faults) -> Option<Login> {
        if self.federation.as_deref() != Some("file") {
            let problem = "assume_role_with_web_identity_federation is not \"file\"; no other is built";
            faults.add(BACKEND_KWARGS, problem, "set auth, secretferry's own key, to another method");
            return None;
        }
        let file = self.token_file.or_else(|| env_setting("AWS_WEB_IDENTITY_TOKEN_FILE"));
        let Some(file) = file else {
            let problem = "assume_role_with_web_identity needs assume_role_with_web_identity_token_file";
            faults.add(BACKEND_KWARGS, problem, "add it, set AWS_WEB_IDENTITY_TOKEN_FILE, or set auth");
            return None;
        };
        let proof = Proof::WebIdentity { role, token: Reference::File(folder.join(file)) };
        Some(Login { proof, role: None })
    }
}
