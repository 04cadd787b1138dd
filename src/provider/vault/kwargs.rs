//! The `backend_kwargs` of Airflow's `VaultBackend`: what they say of a store, where its own keys do not.

use std::path::{Path, PathBuf};
use std::time::Duration;

use super::auth::{SERVICE_ACCOUNT_TOKEN, mounted, usual_region, usual_session};
use super::login::{AwsIam, Login, Proof, SecretId};
use super::settings::{PathSetting, TeamsSetting, VaultSettings};
use crate::model::python::Value;
use crate::model::{Finding, Severity};
use crate::provider::backend_kwargs::retold;
use crate::provider::{BACKEND_KWARGS, Kwargs, SecretPlace, SettingsFault};
use crate::reference::Reference;
use crate::settings::{DurationText, Faults};

/// What the arguments say beside what they filled in.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Understood {
    /// How Airflow logs in, for a store without an `auth` of its own.
    pub(super) login: Option<Login>,
    /// What is wrong with them.
    pub(super) faults: Vec<SettingsFault>,
    /// What a person should hear: the code, the words, the remedy.
    remarks: Vec<(&'static str, String, &'static str)>,
    /// Our keys that they filled in, and the argument of each.
    filled: Vec<(&'static str, &'static str)>,
}

/// Arguments that our connections do without, and why.
const UNUSED: [(&str, &str); 16] = [
    ("proxies", "secretferry uses no proxy"),
    ("allow_redirects", "redirects to the active node are always followed"),
    ("session", "it has a meaning in Python only"),
    ("adapter", "it has a meaning in Python only"),
    ("strict_http", "secretferry always lists with LIST"),
    ("request_header", "secretferry always sends the header"),
    ("ignore_exceptions", "an error is never ignored here"),
    ("assume_role_kwargs", "secretferry assumes no role: give it the keys of the role"),
    ("gcp_key_path", GCP),
    ("gcp_keyfile_dict", GCP),
    ("gcp_scopes", GCP),
    ("azure_tenant_id", AZURE),
    ("azure_resource", AZURE),
    ("radius_host", RADIUS),
    ("radius_port", RADIUS),
    ("radius_secret", RADIUS),
];
const GCP: &str = "logging in with gcp is not built yet";
const AZURE: &str = "logging in with azure is not built yet";
const RADIUS: &str = "logging in with radius is not built yet";

/// Fills in what `backend-kwargs` say and the store's own keys do not.
///
/// Relative paths of a login are taken from `folder`; those of the store's own keys are left for whoever calls.
pub(super) fn complete(settings: &mut VaultSettings, folder: &Path) {
    let Some(given) = settings.backend_kwargs.clone() else { return };
    let mut kwargs = match given.read() {
        Ok(kwargs) => kwargs,
        Err(fault) => {
            settings.kwargs.faults.push(fault);
            return;
        }
    };
    let mut filling = Filling { kwargs: &mut kwargs, done: Understood::default(), folder };
    filling.place(settings);
    filling.paths(settings);
    filling.client(settings);
    let login = filling.login(settings.auth.is_some());
    let mut done = filling.done;
    done.login = login;
    done.leftovers(&mut kwargs);
    done.faults.append(&mut kwargs.faults);
    settings.kwargs = done;
}

struct Filling<'a> {
    kwargs: &'a mut Kwargs,
    done: Understood,
    folder: &'a Path,
}

impl Filling<'_> {
    /// Fills one key in, unless the store has it.
    fn fill<T>(&mut self, ours: &mut Option<T>, value: Option<T>, (key, kwarg): (&'static str, &'static str)) {
        if ours.is_none() && value.is_some() {
            self.done.filled.push((key, kwarg));
            *ours = value;
        }
    }

    fn place(&mut self, settings: &mut VaultSettings) {
        let url = self.kwargs.text("url");
        self.fill(&mut settings.address, url, ("address", "url"));
        let namespace = self.kwargs.text("namespace");
        self.fill(&mut settings.namespace, namespace, ("namespace", "namespace"));
        let mount = self.kwargs.nullable_text("mount_point").map(Option::unwrap_or_default);
        self.fill(&mut settings.mount, mount, ("mount", "mount_point"));
        // Airflow takes version 2 where nothing is said; it does not ask.
        let version = self.kwargs.number("kv_engine_version").filter(|version| *version != 0).or(Some(2));
        self.fill(&mut settings.kv_version, version, ("kv-version", "kv_engine_version"));
        let teams = match self.kwargs.take("use_team_secrets_path") {
            Some(value) if value.is_truthy() => Some(TeamsSetting::Folder),
            Some(_) => Some(TeamsSetting::Unsupported),
            None => None,
        };
        self.fill(&mut settings.teams, teams, ("teams", "use_team_secrets_path"));
    }

    fn paths(&mut self, settings: &mut VaultSettings) {
        let global = self.kwargs.text("global_secrets_path");
        if global.is_some() {
            let message = "global_secrets_path is deprecated since apache-airflow-providers-hashicorp 4.8.0";
            let remedy = "write lists: \"connections_path\": [\"connections\", \"common\"]";
            self.done.remarks.push(("kwarg-deprecated", message.to_owned(), remedy));
        }
        let kinds = [
            (&mut settings.connections_path, "connections", ("connections-path", "connections_path")),
            (&mut settings.variables_path, "variables", ("variables-path", "variables_path")),
            (&mut settings.config_path, "config", ("config-path", "config_path")),
        ];
        for (ours, usual, (key, kwarg)) in kinds {
            let given = self.kwargs.nullable_texts(kwarg);
            if *ours != PathSetting::Default || (given.is_none() && global.is_none()) {
                continue;
            }
            // As Airflow does it: a global path is one more to look in, also where the kind is switched off.
            let mut paths = given.unwrap_or_else(|| Some(vec![usual.to_owned()])).unwrap_or_default();
            paths.extend(global.clone());
            self.done.filled.push((key, kwarg));
            *ours = if paths.is_empty() { PathSetting::Off } else { PathSetting::Paths(paths) };
        }
    }

    /// What Airflow hands on to hvac.
    fn client(&mut self, settings: &mut VaultSettings) {
        match self.kwargs.take("verify") {
            None | Some(Value::Null | Value::Bool(true)) => {}
            Some(Value::Text(file)) => {
                let file = file.as_str().map(PathBuf::from);
                self.fill(&mut settings.tls.ca, file, ("tls", "verify"));
            }
            Some(_) => self.kwargs.fault(
                "verify is switched off, but certificates are always verified here",
                "set tls.ca to the authority of the server's certificate, and take verify out",
            ),
        }
        if let Some(files) = self.kwargs.nullable_texts("cert").flatten() {
            // One file may hold both, as Python's requests takes it.
            let key = files.get(1).or(files.first()).map(PathBuf::from);
            let certificate = files.first().map(PathBuf::from);
            self.fill(&mut settings.tls.client_certificate, certificate, ("tls", "cert"));
            self.fill(&mut settings.tls.client_key, key, ("tls", "cert"));
        }
        let timeout = self.kwargs.number("timeout").and_then(|seconds| u64::try_from(seconds).ok());
        let timeout = timeout.map(|seconds| DurationText(Duration::from_secs(seconds)));
        self.fill(&mut settings.timeout, timeout, ("timeout", "timeout"));
    }
}

impl Filling<'_> {
    /// How Airflow logs in. Of the arguments of other methods nothing is said, for Airflow says nothing of them either.
    fn login(&mut self, has_own: bool) -> Option<Login> {
        let word = self.kwargs.text("auth_type").unwrap_or_else(|| "token".to_owned());
        let mount = self.kwargs.text("auth_mount_point");
        let given = AuthKwargs::take(self.kwargs, self.folder);
        if has_own {
            return None;
        }
        let (word, proof) = match word.as_str() {
            "token" => return given.token(),
            "approle" => ("approle", given.approle()),
            "userpass" => ("userpass", given.password()),
            "ldap" => ("ldap", given.password()),
            "kubernetes" => ("kubernetes", given.kubernetes()),
            "jwt" => ("jwt", given.jwt()),
            "aws_iam" => ("aws-iam", Ok(given.aws_iam())),
            "azure" | "gcp" | "github" | "radius" => {
                let problem = format!("auth_type {word}: logging in with {word} is not built yet");
                self.kwargs.fault(problem, "set auth, secretferry's own key, to another method");
                return None;
            }
            _ => {
                self.kwargs
                    .fault("auth_type: Airflow knows no such method", "see Airflow's page on Vault, or set auth");
                return None;
            }
        };
        let proof = match proof {
            Ok(proof) => proof,
            Err(missing) => {
                let problem = format!("auth_type {word} needs {missing}");
                self.kwargs.fault(problem, "add it, or set auth, secretferry's own key");
                return None;
            }
        };
        let mut faults = Faults::default();
        let login = mounted(word, mount.as_deref(), proof, BACKEND_KWARGS, &mut faults);
        self.done.faults.append(&mut faults.0);
        login
    }
}

/// The arguments of all methods; which of them count, `auth_type` says.
struct AuthKwargs {
    token: Option<SecretPlace>,
    token_file: Option<SecretPlace>,
    username: Option<String>,
    password: Option<SecretPlace>,
    key_id: Option<SecretPlace>,
    secret_id: Option<SecretPlace>,
    role_id: Option<(String, SecretPlace)>,
    region: Option<String>,
    kubernetes_role: Option<String>,
    kubernetes_jwt_file: Option<SecretPlace>,
    jwt_role: Option<String>,
    jwt_token: Option<SecretPlace>,
    jwt_file: Option<SecretPlace>,
}

/// A method's proof, or the argument that it needs.
type Given = Result<Proof, &'static str>;

impl AuthKwargs {
    fn take(kwargs: &mut Kwargs, folder: &Path) -> Self {
        let file = |path: String| SecretPlace::Reference(Reference::File(folder.join(path)));
        for unbuilt in ["radius_secret", "gcp_keyfile_dict"] {
            kwargs.refuse_secret(unbuilt);
        }
        Self {
            token: kwargs.secret("token"),
            token_file: kwargs.text("token_path").map(file),
            username: kwargs.text("username"),
            password: kwargs.secret("password"),
            key_id: kwargs.id("key_id").map(|(_, place)| place),
            secret_id: kwargs.secret("secret_id"),
            role_id: kwargs.id("role_id"),
            region: kwargs.text("region"),
            kubernetes_role: kwargs.text("kubernetes_role"),
            kubernetes_jwt_file: kwargs.text("kubernetes_jwt_path").map(file),
            jwt_role: kwargs.text("jwt_role"),
            jwt_token: kwargs.secret("jwt_token"),
            jwt_file: kwargs.text("jwt_token_path").map(file),
        }
    }

    /// Without any, the usual places are looked at, as for a store without `auth`.
    fn token(self) -> Option<Login> {
        self.token_file.or(self.token).map(Login::Token)
    }

    fn approle(self) -> Given {
        let (_, role_id) = self.role_id.ok_or("role_id")?;
        Ok(Proof::AppRole { role_id, secret_id: SecretId::Plain(self.secret_id.ok_or("secret_id")?) })
    }

    fn password(self) -> Given {
        let username = self.username.ok_or("username")?;
        Ok(Proof::Password { username, password: self.password.ok_or("password")? })
    }

    fn kubernetes(self) -> Given {
        let usual = || SecretPlace::Reference(Reference::File(SERVICE_ACCOUNT_TOKEN.into()));
        let role = self.kubernetes_role.ok_or("kubernetes_role")?;
        Ok(Proof::Jwt { role: Some(role), jwt: self.kubernetes_jwt_file.unwrap_or_else(usual) })
    }

    fn jwt(self) -> Given {
        let jwt = self.jwt_token.or(self.jwt_file).ok_or("jwt_token or jwt_token_path")?;
        Ok(Proof::Jwt { role: Some(self.jwt_role.ok_or("jwt_role")?), jwt })
    }

    // Airflow takes key_id and secret_id only where both are there, else what boto3 finds.
    fn aws_iam(self) -> Proof {
        let role = self.role_id.map(|(role, _)| role);
        let region = self.region.or_else(usual_region);
        let usual = |name: &str| SecretPlace::Reference(Reference::Env(name.to_owned()));
        let (access_key_id, secret_access_key, session_token) = match (self.key_id, self.secret_id) {
            (Some(id), Some(secret)) => (id, secret, None),
            _ => (usual("AWS_ACCESS_KEY_ID"), usual("AWS_SECRET_ACCESS_KEY"), usual_session()),
        };
        Proof::AwsIam(AwsIam { role, region, server_id: None, access_key_id, secret_access_key, session_token })
    }
}

impl Understood {
    /// Names what secretferry does without, and what nobody knows.
    fn leftovers(&mut self, kwargs: &mut Kwargs) {
        for (key, why) in UNUSED {
            if kwargs.take(key).is_some_and(|value| !value.is_null()) {
                let message = format!("{BACKEND_KWARGS}: {key} is ignored: {why}");
                self.remarks.push(("kwarg-ignored", message, "nothing, unless secretferry is to do it too"));
            }
        }
        for key in kwargs.left() {
            let message = format!(
                "{BACKEND_KWARGS}: {key} is ignored: Airflow hands it on to hvac, which knows no such argument and fails"
            );
            self.remarks.push(("kwarg-ignored", message, "take it out, also of Airflow's own configuration"));
        }
    }

    /// The same faults, told of the argument instead of the key of ours that it filled in.
    pub(super) fn retold(&self, faults: Vec<SettingsFault>) -> Vec<SettingsFault> {
        retold(&self.filled, faults)
    }

    /// What a person should hear of the arguments.
    pub(super) fn findings(&self, store: &str) -> Vec<Finding> {
        let finding = |(code, message, remedy): &(&'static str, String, &'static str)| {
            let severity = if *code == "kwarg-ignored" { Severity::Warning } else { Severity::Info };
            Finding::new(severity, code, store, message).with_remedy(*remedy)
        };
        self.remarks.iter().map(finding).collect()
    }
}
