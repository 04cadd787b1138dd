//! The `auth` table of either store, checked: from words that may be wrong to a login that cannot be.

use std::path::{Path, PathBuf};

use serde::Deserialize;

use super::login::{Keys, Login, Proof, Role};
use crate::provider::SecretPlace;
use crate::reference::{Reference, env_setting};
use crate::settings::Faults;

const METHODS: [&str; 4] = ["chain", "profile", "static", "web-identity"];
const DEFAULT_METHOD: &str = "chain";
const DEFAULT_SESSION: &str = "secretferry";

/// How to log in.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct AuthSettings {
    /// `chain` (the default: what AWS's own tools do), `profile`, `static` or `web-identity`.
    pub method: Option<String>,
    /// `profile`: its name in `~/.aws/config`; IAM Identity Center and credential processes come in this way.
    pub profile: Option<String>,
    /// `static`: the access key's id.
    pub access_key_id: Option<Reference>,
    /// `static`: its secret.
    pub secret_access_key: Option<Reference>,
    /// `static`: the token of a temporary key.
    pub session_token: Option<Reference>,
    /// `web-identity`: the file with the token that somebody keeps fresh; `AWS_WEB_IDENTITY_TOKEN_FILE` where left out.
    pub token_file: Option<PathBuf>,
    /// A role that is assumed on top of any method; the role itself for `web-identity`, `AWS_ROLE_ARN` there where left out.
    pub role_arn: Option<String>,
    /// What the role's trust policy wants to hear from us.
    pub external_id: Option<String>,
    /// How the session is called in AWS's logs; `secretferry`.
    pub role_session_name: Option<String>,
}

impl AuthSettings {
    /// Takes relative files from `folder`.
    pub fn relative_to(&mut self, folder: &Path) {
        for reference in [&mut self.access_key_id, &mut self.secret_access_key, &mut self.session_token] {
            *reference = reference.take().map(|reference| reference.relative_to(folder));
        }
        self.token_file = self.token_file.take().map(|path| folder.join(path));
    }

    /// The login that the table describes; `None` with its faults.
    pub(super) fn check(&self, faults: &mut Faults) -> Option<Login> {
        let method = self.method();
        if !METHODS.contains(&method) {
            let hint = format!("write one of {}", METHODS.join(", "));
            faults.add("auth.method", "there is no such method", &hint);
            return None;
        }
        let before = faults.0.len();
        self.strangers(method, faults);
        let proof = match method {
            "profile" => needed("auth.profile", self.profile.clone(), faults).map(Proof::Profile),
            "static" => self.keys(faults).map(Proof::Keys),
            "web-identity" => self.web_identity(faults),
            _ => Some(Proof::Chain),
        };
        let role = if method == "web-identity" { None } else { self.role(faults) };
        let proof = proof.filter(|_| faults.0.len() == before)?;
        Some(Login { proof, role })
    }

    fn method(&self) -> &str {
        self.method.as_deref().unwrap_or(DEFAULT_METHOD)
    }

    fn keys(&self, faults: &mut Faults) -> Option<Keys> {
        let id = needed("auth.access-key-id", self.access_key_id.clone(), faults);
        let secret = needed("auth.secret-access-key", self.secret_access_key.clone(), faults)?;
        let token = self.session_token.clone().map(SecretPlace::from);
        Some(Keys { id: id?.into(), secret: secret.into(), token })
    }

    fn web_identity(&self, faults: &mut Faults) -> Option<Proof> {
        let arn = self.role_arn.clone().or_else(|| env_setting("AWS_ROLE_ARN"));
        let file = self.token_file.clone().or_else(|| env_setting("AWS_WEB_IDENTITY_TOKEN_FILE").map(PathBuf::from));
        if self.external_id.is_some() {
            let problem = "a web identity has no external id";
            faults.add("auth.external-id", problem, "leave it out");
        }
        let arn = needed("auth.role-arn", arn, faults);
        let token = Reference::File(needed("auth.token-file", file, faults)?);
        let role = Role {
            arn: checked_arn("auth.role-arn", arn?, faults)?,
            external_id: None,
            session: self.session(faults)?,
        };
        Some(Proof::WebIdentity { role, token })
    }

    fn role(&self, faults: &mut Faults) -> Option<Role> {
        let Some(arn) = self.role_arn.clone() else {
            let strays = [("external-id", &self.external_id), ("role-session-name", &self.role_session_name)];
            for (key, _) in strays.iter().filter(|(_, given)| given.is_some()) {
                faults.add(&format!("auth.{key}"), "this key belongs to a role, and there is none", "write role-arn");
            }
            return None;
        };
        let arn = checked_arn("auth.role-arn", arn, faults)?;
        Some(Role { arn, external_id: self.external_id.clone(), session: self.session(faults)? })
    }

    fn session(&self, faults: &mut Faults) -> Option<String> {
        checked_session("auth.role-session-name", self.role_session_name.clone(), faults)
    }

    // A key of another method would be ignored in silence.
    fn strangers(&self, method: &str, faults: &mut Faults) {
        let given: [(&str, bool, &str); 5] = [
            ("profile", self.profile.is_some(), "profile"),
            ("access-key-id", self.access_key_id.is_some(), "static"),
            ("secret-access-key", self.secret_access_key.is_some(), "static"),
            ("session-token", self.session_token.is_some(), "static"),
            ("token-file", self.token_file.is_some(), "web-identity"),
        ];
        for (key, _, owner) in given.into_iter().filter(|(_, is_given, owner)| *is_given && *owner != method) {
            let problem = format!("this key belongs to the method {owner}, not to {method}");
            faults.add(&format!("auth.{key}"), problem, &format!("leave it out, or write method = \"{owner}\""));
        }
    }
}

fn needed<T>(key: &str, given: Option<T>, faults: &mut Faults) -> Option<T> {
    if given.is_none() {
        let hint = "write it; a secret as { env = \"NAME\" } or { file = \"path\" }";
        faults.add(key, "this method needs the key", hint);
    }
    given
}

/// A role's ARN; `None` with a fault of `key` for any other text.
pub(super) fn checked_arn(key: &str, arn: String, faults: &mut Faults) -> Option<String> {
    if account(&arn).is_none() {
        let hint = "write it as in arn:aws:iam::123456789012:role/name";
        faults.add(key, "this is not the ARN of a role", hint);
        return None;
    }
    Some(arn)
}

/// A session's name, ours where none is given; `None` with a fault of `key` for one that AWS does not take.
pub(super) fn checked_session(key: &str, name: Option<String>, faults: &mut Faults) -> Option<String> {
    let name = name.unwrap_or_else(|| DEFAULT_SESSION.to_owned());
    let is_legal = (2..=64).contains(&name.len())
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_+=,.@-".contains(&byte));
    if !is_legal {
        faults.add(key, "AWS does not take this name of a session", "write 2 to 64 letters, digits and _+=,.@-");
        return None;
    }
    Some(name)
}

/// The account of a role's ARN; `None` for any other text.
pub(super) fn account(arn: &str) -> Option<&str> {
    let [scheme, partition, service, region, account, resource] = arn.splitn(6, ':').collect::<Vec<_>>()[..] else {
        return None;
    };
    let is_account = account.len() == 12 && account.bytes().all(|byte| byte.is_ascii_digit());
    let is_role = resource.strip_prefix("role/").is_some_and(|name| !name.is_empty());
    let fits = scheme == "arn" && partition.starts_with("aws") && service == "iam" && region.is_empty();
    (fits && is_account && is_role).then_some(account)
}
