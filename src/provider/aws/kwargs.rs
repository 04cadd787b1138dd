//! What the `backend_kwargs` of Airflow's two backends for AWS have in common: the place, the prefixes, and how Airflow logs in.

use std::path::{Path, PathBuf};

use super::auth::{checked_arn, checked_session};
use super::login::{Keys, Login, Proof, Role};
use crate::model::python::Value;
use crate::model::{Finding, Severity};
use crate::provider::backend_kwargs::retold;
use crate::provider::{BACKEND_KWARGS, BackendKwargs, Kwargs, PrefixSetting, SettingsFault};
use crate::reference::{Reference, TlsSettings, env_setting};
use crate::settings::Faults;

/// What the arguments say beside what they filled in.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Understood {
    /// How Airflow logs in, for a store without an `auth` of its own.
    pub(super) login: Option<Login>,
    /// What is wrong with them.
    pub(super) faults: Vec<SettingsFault>,
    /// What a person should hear: the words, and the remedy.
    remarks: Vec<(String, &'static str)>,
    /// Our keys that they filled in, and the argument of each.
    filled: Vec<(&'static str, &'static str)>,
}

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
const PREFIXES: [(&str, &str); 3] = [
    ("connections-prefix", "connections_prefix"),
    ("variables-prefix", "variables_prefix"),
    ("config-prefix", "config_prefix"),
];
const PATTERNS: [(&str, &str); 3] = [
    ("connections-lookup-pattern", "connections_lookup_pattern"),
    ("variables-lookup-pattern", "variables_lookup_pattern"),
    ("config-lookup-pattern", "config_lookup_pattern"),
];

/// The arguments while a table is filled in from them.
pub(super) struct Filling<'a> {
    /// Those that nobody took yet.
    pub kwargs: Kwargs,
    done: Understood,
    folder: &'a Path,
}

impl<'a> Filling<'a> {
    /// Reads the arguments; relative paths of a login are taken from `folder`.
    pub fn begin(given: &BackendKwargs, folder: &'a Path) -> Result<Self, Understood> {
        let refused = |fault| Understood { faults: vec![fault], ..Understood::default() };
        let kwargs = given.read().map_err(refused)?;
        Ok(Self { kwargs, done: Understood::default(), folder })
    }

    /// Fills one key in, unless the store has it.
    pub fn fill<T>(&mut self, ours: &mut Option<T>, value: Option<T>, (key, kwarg): (&'static str, &'static str)) {
        if ours.is_none() && value.is_some() {
            self.done.filled.push((key, kwarg));
            *ours = value;
        }
    }

    /// Fills in where the store is and where the keys lie in it.
    pub fn place(&mut self, fields: Fields<'_>) {
        let region = self.kwargs.text("region_name");
        self.fill(fields.region, region, ("region", "region_name"));
        let endpoint = self.kwargs.text("endpoint_url");
        self.fill(fields.endpoint_url, endpoint, ("endpoint-url", "endpoint_url"));
        self.trust(fields.tls);
        for (ours, names) in fields.prefixes.into_iter().zip(PREFIXES) {
            let given = self.kwargs.nullable_text(names.1);
            if let (PrefixSetting::Default, Some(given)) = (&*ours, given) {
                self.done.filled.push(names);
                *ours = given.map_or(PrefixSetting::Off, PrefixSetting::Prefix);
            }
        }
        for (ours, names) in fields.patterns.into_iter().zip(PATTERNS) {
            let given = self.kwargs.text(names.1);
            self.fill(ours, given, names);
        }
    }

    fn trust(&mut self, tls: &mut TlsSettings) {
        match self.kwargs.take("verify") {
            None | Some(Value::Null | Value::Bool(true)) => {}
            Some(Value::Text(file)) => {
                let file = file.as_str().map(PathBuf::from);
                self.fill(&mut tls.ca, file, ("tls", "verify"));
            }
            Some(_) => self.kwargs.fault(
                "verify is switched off, but certificates are always verified here",
                "set tls.ca to the authority of the server's certificate, and take verify out",
            ),
        }
        if self.kwargs.take("use_ssl").is_some_and(|value| !value.is_null() && !value.is_truthy()) {
            self.kwargs.fault(
                "use_ssl is switched off, but secrets do not travel unencrypted here",
                "take use_ssl out; an emulator is named by endpoint_url",
            );
        }
    }

    /// Adds that an argument is ignored, where it is given.
    pub fn ignore(&mut self, kwarg: &str, why: &str, remedy: &'static str) {
        if self.kwargs.take(kwarg).is_some_and(|value| !value.is_null()) {
            self.done.remarks.push((format!("{BACKEND_KWARGS}: {kwarg} is ignored: {why}"), remedy));
        }
    }

    /// Takes the rest: how Airflow logs in, where the table does not say it itself, and whatever nobody takes.
    pub fn end(mut self, has_own: HasOwnLogin) -> Understood {
        let given = self.credentials();
        if has_own == HasOwnLogin::No {
            self.done.login = self.login(given);
        }
        for (kwarg, why) in UNUSED {
            self.ignore(kwarg, why, "nothing, unless secretferry is to do it too");
        }
        for kwarg in self.kwargs.left() {
            let message =
                format!("{BACKEND_KWARGS}: {kwarg} is ignored: nothing in Airflow's backend reads it (9.39.0)");
            self.done.remarks.push((message, "take it out, also of Airflow's own configuration, or mend its spelling"));
        }
        self.done.faults.append(&mut self.kwargs.faults);
        self.done
    }
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

impl Filling<'_> {
    fn credentials(&mut self) -> Credentials {
        let id = self.kwargs.id("aws_access_key_id").map(|(_, place)| place);
        let secret = self.kwargs.secret("aws_secret_access_key");
        let token = self.kwargs.secret("aws_session_token");
        self.kwargs.refuse_secret("session_kwargs");
        let has_session_kwargs = self.kwargs.take("session_kwargs").is_some_and(|value| value.is_truthy());
        let (external_id, session) = self.assume_role_kwargs();
        Credentials {
            // As Airflow does: one without the other counts for nothing.
            keys: id.zip(secret).map(|(id, secret)| Keys { id, secret, token }),
            profile: self.kwargs.text("profile_name"),
            role: self.kwargs.text("role_arn").filter(|role| !role.is_empty()),
            method: self.kwargs.text("assume_role_method").unwrap_or_else(|| "assume_role".to_owned()),
            external_id,
            session,
            token_file: self.kwargs.text("assume_role_with_web_identity_token_file"),
            federation: self.kwargs.text("assume_role_with_web_identity_federation"),
            has_session_kwargs,
        }
    }

    fn assume_role_kwargs(&mut self) -> (Option<String>, Option<String>) {
        let Some(given) = self.kwargs.take("assume_role_kwargs").filter(|value| !value.is_null()) else {
            return (None, None);
        };
        let Some(given) = given.as_object() else {
            self.kwargs.fault("assume_role_kwargs: expected an object", "write it as in {\"ExternalId\": \"…\"}");
            return (None, None);
        };
        let text = |key: &str| given.get(key)?.as_text()?.as_str().map(str::to_owned);
        let others = given.iter().filter_map(|(key, _)| key.as_str());
        let others: Vec<_> = others.filter(|key| !["ExternalId", "RoleSessionName"].contains(key)).collect();
        if !others.is_empty() {
            let message = format!("{BACKEND_KWARGS}: of assume_role_kwargs {} is ignored", others.join(", "));
            self.done.remarks.push((message, "nothing, unless secretferry is to do it too"));
        }
        (text("ExternalId"), text("RoleSessionName"))
    }

    fn login(&mut self, given: Credentials) -> Option<Login> {
        if given.has_session_kwargs {
            let hint = "write aws_access_key_id and aws_secret_access_key themselves, or set auth";
            self.kwargs.fault("session_kwargs, which Airflow deprecated, are not understood here", hint);
            return None;
        }
        let mut faults = Faults::default();
        let login = given.login(self.folder, &mut faults);
        self.done.faults.append(&mut faults.0);
        login
    }
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

impl Understood {
    /// The same faults, told of the argument instead of the key of ours that it filled in.
    pub(super) fn retold(&self, faults: Vec<SettingsFault>) -> Vec<SettingsFault> {
        retold(&self.filled, faults)
    }

    /// What a person should hear of the arguments.
    pub(super) fn findings(&self, store: &str) -> Vec<Finding> {
        let finding = |(message, remedy): &(String, &'static str)| {
            Finding::new(Severity::Warning, "kwarg-ignored", store, message).with_remedy(*remedy)
        };
        self.remarks.iter().map(finding).collect()
    }
}
