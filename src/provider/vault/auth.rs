//! The `auth` table of a Vault, checked: from words that may be wrong to a login that cannot be.

use std::path::{Path, PathBuf};

use serde::Deserialize;

use super::layout::is_legal_path;
use super::login::{AuthMethod, AwsIam, Login, Proof, SecretId};
use crate::provider::SecretPlace;
use crate::reference::{Reference, env_setting};
use crate::settings::Faults;

/// Where Kubernetes puts the token of a pod's service account.
pub(super) const SERVICE_ACCOUNT_TOKEN: &str = "/var/run/secrets/kubernetes.io/serviceaccount/token";

const METHODS: &str = "token, token-file, approle, userpass, ldap, kubernetes, jwt, aws-iam, cert";
/// Methods of Airflow's backend that have no code here yet.
const NOT_BUILT: [&str; 4] = ["azure", "gcp", "github", "radius"];

/// How to log in.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct AuthSettings {
    /// `token`, `token-file`, `approle`, `userpass`, `ldap`, `kubernetes`, `jwt`, `aws-iam` or `cert`.
    pub method: String,
    /// Where the method is mounted; its own name, and `aws` for `aws-iam`.
    pub mount: Option<String>,
    /// `token`: where the token is; `VAULT_TOKEN`, then `~/.vault-token`, where left out.
    pub token: Option<Reference>,
    /// `token-file`: the file that somebody, such as Vault Agent, keeps fresh.
    pub path: Option<PathBuf>,
    /// `approle`: the role's id.
    pub role_id: Option<Reference>,
    /// `approle`: its secret id.
    pub secret_id: Option<Reference>,
    /// `approle`: whether the secret id comes in a single-use wrapping token.
    #[serde(default)]
    pub wrapped: bool,
    /// `userpass`, `ldap`: who.
    pub username: Option<String>,
    /// `userpass`, `ldap`: their password.
    pub password: Option<Reference>,
    /// `kubernetes`, `jwt`, `aws-iam`, `cert`: the role; `kubernetes` needs it, the others may have a default.
    pub role: Option<String>,
    /// `kubernetes`, `jwt`: the token; the file of the pod's service account where left out.
    pub jwt: Option<Reference>,
    /// `aws-iam`: the region whose STS answers; `AWS_REGION`, then `AWS_DEFAULT_REGION`, then the global one, where left out.
    pub region: Option<String>,
    /// `aws-iam`: the method's `iam_server_id_header_value`.
    pub server_id: Option<String>,
    /// `aws-iam`: the access key's id; `AWS_ACCESS_KEY_ID` where left out.
    pub access_key_id: Option<Reference>,
    /// `aws-iam`: its secret; `AWS_SECRET_ACCESS_KEY` where left out.
    pub secret_access_key: Option<Reference>,
    /// `aws-iam`: the token of a temporary key; `AWS_SESSION_TOKEN` where left out, if it is set.
    pub session_token: Option<Reference>,
}

impl AuthSettings {
    /// Takes relative files from `folder`.
    pub(super) fn relative_to(&mut self, folder: &Path) {
        let references = [
            &mut self.token,
            &mut self.role_id,
            &mut self.secret_id,
            &mut self.password,
            &mut self.jwt,
            &mut self.access_key_id,
            &mut self.secret_access_key,
            &mut self.session_token,
        ];
        for reference in references {
            *reference = reference.take().map(|reference| reference.relative_to(folder));
        }
        self.path = self.path.take().map(|path| folder.join(path));
    }

    /// The login that the table describes; `None` with its faults.
    pub(super) fn check(&self, faults: &mut Faults) -> Option<Login> {
        self.strangers(faults);
        let (word, proof) = match self.method.as_str() {
            "token" => return Some(self.token.clone().map_or_else(usual_token, |token| Login::Token(token.into()))),
            "token-file" => {
                let file = needed("auth.path", self.path.clone(), faults)?;
                return Some(Login::KeptToken(Reference::File(file).into()));
            }
            "approle" => ("approle", self.approle(faults)?),
            "userpass" => ("userpass", self.password(faults)?),
            "ldap" => ("ldap", self.password(faults)?),
            "kubernetes" => ("kubernetes", self.jwt(Some(needed("auth.role", self.role.clone(), faults)?))),
            "jwt" => ("jwt", self.jwt(self.role.clone())),
            "aws-iam" => ("aws-iam", Proof::AwsIam(self.aws_iam())),
            "cert" => ("cert", Proof::Certificate { role: self.role.clone() }),
            method => {
                no_method(method, faults);
                return None;
            }
        };
        mounted(word, self.mount.as_deref(), proof, "auth.mount", faults)
    }

    fn approle(&self, faults: &mut Faults) -> Option<Proof> {
        let role_id = needed("auth.role-id", self.role_id.clone(), faults);
        let secret_id = needed("auth.secret-id", self.secret_id.clone(), faults)?;
        let secret_id =
            if self.wrapped { SecretId::Wrapped(secret_id.into()) } else { SecretId::Plain(secret_id.into()) };
        Some(Proof::AppRole { role_id: role_id?.into(), secret_id })
    }

    fn password(&self, faults: &mut Faults) -> Option<Proof> {
        let username = needed("auth.username", self.username.clone(), faults);
        let password = needed("auth.password", self.password.clone(), faults)?;
        Some(Proof::Password { username: username?, password: password.into() })
    }

    fn jwt(&self, role: Option<String>) -> Proof {
        let jwt = self.jwt.clone().unwrap_or_else(|| Reference::File(SERVICE_ACCOUNT_TOKEN.into()));
        Proof::Jwt { role, jwt: jwt.into() }
    }

    fn aws_iam(&self) -> AwsIam {
        let place = |given: &Option<Reference>, variable| {
            SecretPlace::Reference(given.clone().unwrap_or(Reference::Env(variable)))
        };
        // A temporary token belongs to the key of the environment, and to no other.
        let session = match (&self.session_token, &self.access_key_id) {
            (Some(given), _) => Some(SecretPlace::Reference(given.clone())),
            (None, Some(_)) => None,
            (None, None) => usual_session(),
        };
        AwsIam {
            role: self.role.clone(),
            region: self.region.clone().or_else(usual_region),
            server_id: self.server_id.clone(),
            access_key_id: place(&self.access_key_id, "AWS_ACCESS_KEY_ID".to_owned()),
            secret_access_key: place(&self.secret_access_key, "AWS_SECRET_ACCESS_KEY".to_owned()),
            session_token: session,
        }
    }

    // A key of another method would be ignored in silence.
    fn strangers(&self, faults: &mut Faults) {
        const JWT: &[&str] = &["kubernetes", "jwt"];
        const PASSWORD: &[&str] = &["userpass", "ldap"];
        const MOUNTED: &[&str] = &["approle", "userpass", "ldap", "kubernetes", "jwt", "aws-iam", "cert"];
        let given: [(&str, bool, &[&str]); 15] = [
            ("token", self.token.is_some(), &["token"]),
            ("path", self.path.is_some(), &["token-file"]),
            ("role-id", self.role_id.is_some(), &["approle"]),
            ("secret-id", self.secret_id.is_some(), &["approle"]),
            ("wrapped", self.wrapped, &["approle"]),
            ("mount", self.mount.is_some(), MOUNTED),
            ("username", self.username.is_some(), PASSWORD),
            ("password", self.password.is_some(), PASSWORD),
            ("role", self.role.is_some(), &["kubernetes", "jwt", "aws-iam", "cert"]),
            ("jwt", self.jwt.is_some(), JWT),
            ("region", self.region.is_some(), &["aws-iam"]),
            ("server-id", self.server_id.is_some(), &["aws-iam"]),
            ("access-key-id", self.access_key_id.is_some(), &["aws-iam"]),
            ("secret-access-key", self.secret_access_key.is_some(), &["aws-iam"]),
            ("session-token", self.session_token.is_some(), &["aws-iam"]),
        ];
        if !(MOUNTED.contains(&self.method.as_str()) || ["token", "token-file"].contains(&self.method.as_str())) {
            return;
        }
        for (key, is_given, methods) in given {
            if is_given && !methods.contains(&self.method.as_str()) {
                let methods = methods.join(", ");
                let problem = format!("this key belongs to the method {methods}, not to {}", self.method);
                faults.add(&format!("auth.{key}"), problem, "leave it out");
            }
        }
    }
}

/// A method with its mount, which is its own name where none is given.
pub(super) fn mounted(
    word: &'static str,
    mount: Option<&str>,
    proof: Proof,
    key: &str,
    faults: &mut Faults,
) -> Option<Login> {
    let method = AuthMethod { word, mount: String::new(), proof };
    let mount = mount.unwrap_or(method.usual_mount()).trim_matches('/').to_owned();
    if !is_legal_path(&mount) {
        let hint = "write it as `vault auth list` shows it";
        faults.add(key, "a segment of the mount is empty, `.` or `..`", hint);
        return None;
    }
    Some(Login::Method(Box::new(AuthMethod { mount, ..method })))
}

/// Says that a method is none, or none yet.
fn no_method(method: &str, faults: &mut Faults) {
    let hint = format!("write one of {METHODS}");
    if NOT_BUILT.contains(&method) {
        faults.add("auth.method", format!("logging in with {method} is not built yet"), &hint);
    } else {
        faults.add("auth.method", "there is no such method", &hint);
    }
}

fn needed<T>(key: &str, given: Option<T>, faults: &mut Faults) -> Option<T> {
    if given.is_none() {
        let hint = "write it; a secret as { env = \"NAME\" } or { file = \"path\" }";
        faults.add(key, "this method needs the key", hint);
    }
    given
}

/// The region that AWS's own tools would take.
pub(super) fn usual_region() -> Option<String> {
    env_setting("AWS_REGION").or_else(|| env_setting("AWS_DEFAULT_REGION"))
}

/// The temporary token of the environment's key, if it has one.
pub(super) fn usual_session() -> Option<SecretPlace> {
    let name = "AWS_SESSION_TOKEN";
    env_setting(name).map(|_| SecretPlace::Reference(Reference::Env(name.to_owned())))
}

/// The token that the vault command would take; where there is none, the login says what to set.
pub(super) fn usual_token() -> Login {
    let variable = Reference::Env("VAULT_TOKEN".to_owned());
    if env_setting("VAULT_TOKEN").is_some() {
        return Login::Token(variable.into());
    }
    let file = env_setting("HOME").map(|home| PathBuf::from(home).join(".vault-token"));
    Login::Token(file.filter(|file| file.exists()).map_or(variable, Reference::File).into())
}
