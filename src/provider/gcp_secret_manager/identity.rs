//! Who Google takes us for, as our own credentials tell it: the API itself does not.

use std::fmt;

use serde_json::Value;

use super::login::{Login, Proof, default_file};
use crate::reference::Reference;

/// Somebody that Google knows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Principal {
    /// A service account, by its address.
    Account(String),
    /// What the credentials do not tell, in words.
    Unknown(&'static str),
}

impl Principal {
    /// Reads who logs in; the credentials are read once more, and nothing of them is kept.
    pub fn of(login: &Login) -> Self {
        if let Some(impersonation) = &login.impersonation {
            return Self::Account(impersonation.account.clone());
        }
        let text = match &login.proof {
            Proof::Default => match default_file().map(|file| Reference::File(file.into()).resolve()) {
                Some(Ok(text)) => Ok(text),
                _ => return Self::Unknown("the machine's own service account"),
            },
            Proof::Key(place) | Proof::ExternalAccount(place) | Proof::AuthorizedUser(place) => place.resolve(),
            Proof::Token(_) => return Self::Unknown("whoever the token is of"),
            Proof::Nobody => return Self::Unknown("nobody"),
        };
        let json = text.ok().and_then(|text| serde_json::from_str::<Value>(text.expose()).ok()).unwrap_or_default();
        Self::told(&json)
    }

    fn told(json: &Value) -> Self {
        let text = |key: &str| json.get(key).and_then(Value::as_str);
        let of_url = |url: &str| Some(url.split_once("/serviceAccounts/")?.1.split_once(':')?.0.to_owned());
        let account = text("client_email")
            .map(str::to_owned)
            .or_else(|| text("service_account_impersonation_url").and_then(of_url));
        match (account.filter(|account| is_address(account)), text("type")) {
            (Some(account), _) => Self::Account(account),
            (None, Some("authorized_user")) => Self::Unknown("the person who logged in with gcloud"),
            (None, Some("external_account")) => Self::Unknown("a principal of the workload identity pool"),
            (None, _) => Self::Unknown("somebody whom the credentials do not name"),
        }
    }

    /// How a policy names us.
    pub fn member(&self) -> Option<String> {
        match self {
            Self::Account(account) => Some(format!("serviceAccount:{account}")),
            Self::Unknown(_) => None,
        }
    }
}

impl fmt::Display for Principal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Account(account) => write!(f, "the service account {account}"),
            Self::Unknown(who) => f.write_str(who),
        }
    }
}

fn is_address(text: &str) -> bool {
    let is_legal = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'@' | b'_');
    text.contains('@') && text.len() <= 200 && text.bytes().all(is_legal)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn credentials_tell_who_they_are_of() {
        const URL: &str =
            "https://iamcredentials.googleapis.com/v1/projects/-/serviceAccounts/a@p.iam:generateAccessToken";
        let rows = [
            (
                json!({"type": "service_account", "client_email": "a@p.iam", "private_key": "k"}),
                "the service account a@p.iam",
            ),
            (
                json!({"type": "external_account", "service_account_impersonation_url": URL}),
                "the service account a@p.iam",
            ),
            (json!({"type": "external_account"}), "a principal of the workload identity pool"),
            (json!({"type": "authorized_user", "refresh_token": "r"}), "the person who logged in with gcloud"),
            (json!({"type": "service_account", "client_email": "<b>@"}), "somebody whom the credentials do not name"),
        ];
        for (credentials, expected) in rows {
            assert_eq!(Principal::told(&credentials).to_string(), expected);
        }
    }
}
