//! The `auth` table, checked: from words that may be wrong to a log-in that cannot be.

use std::path::Path;

use serde::Deserialize;

use super::login::Proof;
use crate::provider::SecretPlace;
use crate::reference::Reference;
use crate::settings::Faults;

const METHODS: [&str; 6] = ["default", "key-file", "external-account", "authorized-user", "token", "none"];
const DEFAULT_METHOD: &str = "default";

/// How to log in.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct AuthSettings {
    /// `default` (the default: application default credentials), `key-file`, `external-account`, `authorized-user`,
    /// `token` or `none`, for stand-ins.
    pub method: Option<String>,
    /// `key-file`: a service account's key, Google's JSON.
    pub key: Option<Reference>,
    /// `external-account` (workload identity federation) and `authorized-user` (a person's own log-in): Google's JSON.
    pub credentials: Option<Reference>,
    /// `token`: an access token; nobody renews it but who writes it there.
    pub token: Option<Reference>,
}

impl AuthSettings {
    /// Takes relative files from `folder`.
    pub fn relative_to(&mut self, folder: &Path) {
        for reference in [&mut self.key, &mut self.credentials, &mut self.token] {
            *reference = reference.take().map(|reference| reference.relative_to(folder));
        }
    }

    /// The proof that the table describes; `None` with its faults.
    pub(super) fn check(&self, faults: &mut Faults) -> Option<Proof> {
        let method = self.method.as_deref().unwrap_or(DEFAULT_METHOD);
        if !METHODS.contains(&method) {
            let hint = format!("write one of {}", METHODS.join(", "));
            faults.add("auth.method", "there is no such method", &hint);
            return None;
        }
        let before = faults.0.len();
        self.strangers(method, faults);
        let mut place = |key: &str, given: &Option<Reference>| {
            if given.is_none() {
                let hint = "write it as { env = \"NAME\" } or { file = \"path\" }";
                faults.add(key, "this method needs the key", hint);
            }
            given.clone().map(SecretPlace::from)
        };
        let proof = match method {
            "key-file" => Proof::Key(place("auth.key", &self.key)?),
            "external-account" => Proof::ExternalAccount(place("auth.credentials", &self.credentials)?),
            "authorized-user" => Proof::AuthorizedUser(place("auth.credentials", &self.credentials)?),
            "token" => Proof::Token(place("auth.token", &self.token)?),
            "none" => Proof::Nobody,
            _ => Proof::Default,
        };
        Some(proof).filter(|_| faults.0.len() == before)
    }

    // A key of another method would be ignored in silence.
    fn strangers(&self, method: &str, faults: &mut Faults) {
        let given: [(&str, bool, &[&str]); 3] = [
            ("key", self.key.is_some(), &["key-file"]),
            ("credentials", self.credentials.is_some(), &["external-account", "authorized-user"]),
            ("token", self.token.is_some(), &["token"]),
        ];
        let strays = given.into_iter().filter(|(_, is_given, owners)| *is_given && !owners.contains(&method));
        for (key, _, owners) in strays {
            let problem = format!("this key belongs to the method {}, not to {method}", owners.join(" or "));
            faults.add(&format!("auth.{key}"), problem, &format!("leave it out, or write method = \"{}\"", owners[0]));
        }
    }
}
