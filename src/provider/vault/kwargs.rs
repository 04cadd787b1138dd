//! The `backend_kwargs` of Airflow's `VaultBackend`: what they say of a store, where its own keys do not.

use std::path::{Path, PathBuf};
use std::time::Duration;

use super::auth::{SERVICE_ACCOUNT_TOKEN, mounted, usual_region, usual_session};
use super::login::{AwsIam, Login, Proof, SecretId};
use super::settings::{PathSetting, TeamsSetting, VaultSettings};
use crate::model::Severity;
use crate::provider::{BACKEND_KWARGS, Filling, Kwargs, SecretPlace};
use crate::reference::Reference;
use crate::settings::{DurationText, Faults};

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

const UNKNOWN: &str = "Airflow hands it on to hvac, which knows no such argument and fails";

/// Fills in what `backend-kwargs` say and the store's own keys do not.
///
/// Relative paths of a login are taken from `folder`; those of the store's own keys are left for whoever calls.
pub(super) fn complete(settings: &mut VaultSettings, folder: &Path) {
    let Some(given) = settings.backend_kwargs.clone() else { return };
    let mut filling = match Filling::begin(&given, folder) {
        Ok(filling) => filling,
        Err(refused) => {
            settings.kwargs = refused;
            return;
        }
    };
    place(&mut filling, settings);
    paths(&mut filling, settings);
    client(&mut filling, settings);
    let login = login(&mut filling, settings.auth.is_some());
    filling.ignore_all(&UNUSED);
    settings.kwargs = filling.end(login, UNKNOWN, "take it out, also of Airflow's own configuration");
}

fn place(filling: &mut Filling<'_>, settings: &mut VaultSettings) {
    filling.fill_text(&mut settings.address, ("address", "url"));
    filling.fill_text(&mut settings.namespace, ("namespace", "namespace"));
    let mount = filling.kwargs.nullable_text("mount_point").map(Option::unwrap_or_default);
    filling.fill(&mut settings.mount, mount, ("mount", "mount_point"));
    // Airflow takes version 2 where nothing is said; it does not ask.
    let version = filling.kwargs.number("kv_engine_version").filter(|version| *version != 0).or(Some(2));
    filling.fill(&mut settings.kv_version, version, ("kv-version", "kv_engine_version"));
    let teams = match filling.kwargs.take("use_team_secrets_path") {
        Some(value) if value.is_truthy() => Some(TeamsSetting::Folder),
        Some(_) => Some(TeamsSetting::Unsupported),
        None => None,
    };
    filling.fill(&mut settings.teams, teams, ("teams", "use_team_secrets_path"));
}

fn paths(filling: &mut Filling<'_>, settings: &mut VaultSettings) {
    let global = filling.kwargs.text("global_secrets_path");
    if global.is_some() {
        let message = "global_secrets_path is deprecated since apache-airflow-providers-hashicorp 4.8.0";
        let remedy = "write lists: \"connections_path\": [\"connections\", \"common\"]";
        filling.remark(Severity::Info, "kwarg-deprecated", message.to_owned(), remedy);
    }
    let kinds = [
        (&mut settings.connections_path, "connections", ("connections-path", "connections_path")),
        (&mut settings.variables_path, "variables", ("variables-path", "variables_path")),
        (&mut settings.config_path, "config", ("config-path", "config_path")),
    ];
    for (ours, usual, (key, kwarg)) in kinds {
        let given = filling.kwargs.nullable_texts(kwarg);
        if *ours != PathSetting::Default || (given.is_none() && global.is_none()) {
            continue;
        }
        // As Airflow does it: a global path is one more to look in, also where the kind is switched off.
        let mut paths = given.unwrap_or_else(|| Some(vec![usual.to_owned()])).unwrap_or_default();
        paths.extend(global.clone());
        filling.filled((key, kwarg));
        *ours = if paths.is_empty() { PathSetting::Off } else { PathSetting::Paths(paths) };
    }
}

/// What Airflow hands on to hvac.
fn client(filling: &mut Filling<'_>, settings: &mut VaultSettings) {
    filling.authority(&mut settings.tls.ca, "verify");
    if let Some(files) = filling.kwargs.nullable_texts("cert").flatten() {
        // One file may hold both, as Python's requests takes it.
        let key = files.get(1).or(files.first()).map(PathBuf::from);
        let certificate = files.first().map(PathBuf::from);
        filling.fill(&mut settings.tls.client_certificate, certificate, ("tls", "cert"));
        filling.fill(&mut settings.tls.client_key, key, ("tls", "cert"));
    }
    let timeout = filling.kwargs.number("timeout").and_then(|seconds| u64::try_from(seconds).ok());
    let timeout = timeout.map(|seconds| DurationText(Duration::from_secs(seconds)));
    filling.fill(&mut settings.timeout, timeout, ("timeout", "timeout"));
}

/// How Airflow logs in. Of the arguments of other methods nothing is said, for Airflow says nothing of them either.
fn login(filling: &mut Filling<'_>, has_own: bool) -> Option<Login> {
    let word = filling.kwargs.text("auth_type").unwrap_or_else(|| "token".to_owned());
    let mount = filling.kwargs.text("auth_mount_point");
    let given = AuthKwargs::take(&mut filling.kwargs, filling.folder);
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
            filling.kwargs.fault(problem, "set auth, secretferry's own key, to another method");
            return None;
        }
        _ => {
            filling.kwargs.fault("auth_type: Airflow knows no such method", "see Airflow's page on Vault, or set auth");
            return None;
        }
    };
    let proof = match proof {
        Ok(proof) => proof,
        Err(missing) => {
            let problem = format!("auth_type {word} needs {missing}");
            filling.kwargs.fault(problem, "add it, or set auth, secretferry's own key");
            return None;
        }
    };
    let mut faults = Faults::default();
    let login = mounted(word, mount.as_deref(), proof, BACKEND_KWARGS, &mut faults);
    filling.kwargs.faults.append(&mut faults.0);
    login
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
