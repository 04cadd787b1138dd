//! Why Google gave no token, in words for a person. What it says is looked at, never shown: it may quote a key or an assertion.

use std::error::Error as StdError;
use std::fmt;

use google_cloud_auth::build_errors::Error as BuildError;
use google_cloud_gax::error::CredentialsError;

use super::login::{Login, Proof, default_file};
use super::network;
use crate::model::ErrorKind;
use crate::provider::SecretPlace;
use crate::provider::meaning::chain;

/// Why we are not let in, and what to do about it; it travels inside the SDK's errors.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct LoginFault {
    /// Whether Google refused, or could not be asked.
    pub kind: ErrorKind,
    /// What happened.
    pub context: String,
    /// What to do.
    pub remedy: String,
}

const LOG_IN: &str = "`gcloud auth application-default login`";

impl LoginFault {
    /// The fault of a reference that leads nowhere.
    pub fn missing(error: &dyn fmt::Display) -> Self {
        denied(error.to_string(), "set it, and see that this program may read it")
    }

    /// The fault of a text that is no JSON.
    pub fn no_json(place: &SecretPlace) -> Self {
        denied(format!("{place} holds no JSON"), "put there the file whole, as Google gave it")
    }

    /// The fault of a text that cannot be a token.
    pub fn no_token(place: &SecretPlace) -> Self {
        denied(format!("{place} holds no token"), "put there what `gcloud auth print-access-token` prints, in one line")
    }

    /// The fault of credentials that are others than the method is for.
    pub fn of_another_type(place: &SecretPlace, expected: &str, found: Option<&str>) -> Self {
        let found = found.and_then(|found| METHODS.iter().find(|(kind, _)| *kind == found));
        let Some((kind, method)) = found else {
            let context = format!("{place} holds no credentials of Google's of the type {expected}");
            return denied(context, "put there the file whole, as Google gave it");
        };
        denied(
            format!("{place} holds credentials of the type {kind}, not {expected}"),
            format!("write auth.method = \"{method}\""),
        )
    }

    /// The fault of credentials that cannot even be made.
    pub fn unbuilt(login: &Login, error: &BuildError) -> Self {
        let place = match &login.proof {
            Proof::Default => {
                default_file().map_or_else(|| "the default credentials".to_owned(), |file| format!("the file {file}"))
            }
            _ => login.place(),
        };
        if error.is_loading() {
            return denied(
                format!("{place} cannot be read"),
                format!("check GOOGLE_APPLICATION_CREDENTIALS, or {LOG_IN}, or set auth in the store's table"),
            );
        }
        if error.is_unknown_type() || error.is_not_supported() {
            let context = format!("{place} holds credentials of a type that cannot log in here");
            return denied(
                context,
                "use a service account's key, workload identity federation or a person's own log-in",
            );
        }
        denied(
            format!("{place} does not hold credentials as Google writes them"),
            "put there the file whole, as Google gave it",
        )
    }

    /// The fault behind an error of the SDK's.
    pub fn of(login: &Login, error: &CredentialsError) -> Self {
        if let Some(known) = chain(error).find_map(|error| error.downcast_ref::<Self>()) {
            return known.clone();
        }
        let said = chain(error).map(ToString::to_string).collect::<Vec<_>>().join(": ");
        let is = |text: &str| said.contains(text);
        if let Some(fault) = impersonation(login, &said) {
            return fault;
        }
        if is("Could not fetch an auth token to authenticate") || is("metadata.google.internal") {
            return denied(
                "there are no credentials: no GOOGLE_APPLICATION_CREDENTIALS, no log-in of gcloud's, no metadata server",
                format!("{LOG_IN}, or set auth in the store's table, or GOOGLE_APPLICATION_CREDENTIALS"),
            );
        }
        if is("invalid_grant") {
            return denied("the log-in has expired or was revoked", format!("{LOG_IN}; set this machine's clock"));
        }
        if is("invalid_client") || is("unauthorized_client") {
            return denied("Google does not know the client of this log-in", LOG_IN);
        }
        if is("invalid_target") || is("invalid_request") && matches!(login.proof, Proof::ExternalAccount(_)) {
            return denied(
                "the workload identity pool or provider does not exist, or is disabled",
                "check audience in the credentials: `gcloud iam workload-identity-pools providers describe`",
            );
        }
        if is("private key") || is("failed to parse service account") {
            return denied(
                "the key holds no private key in PEM",
                "`gcloud iam service-accounts keys create` makes a new one",
            );
        }
        Self::rest(error, &said)
    }

    fn rest(error: &CredentialsError, said: &str) -> Self {
        if let Some((context, remedy)) = network::explain(error) {
            let kind = if context.starts_with("TLS") { ErrorKind::Invalid } else { ErrorKind::Unavailable };
            let context = format!("whoever gives the token cannot be asked: {context}");
            return Self { kind, context, remedy: remedy.to_owned() };
        }
        if error.is_transient() {
            let context = "whoever gives the token does not answer as it should".to_owned();
            return Self { kind: ErrorKind::Unavailable, context, remedy: "try again in a minute".to_owned() };
        }
        let status = ["400", "401", "403", "404"].into_iter().find(|status| said.contains(*status));
        let status = status.map_or(String::new(), |status| format!(" (HTTP {status})"));
        denied(
            format!("Google refuses the log-in{status}"),
            "`gcloud auth application-default print-access-token` with the same credentials tells what is wrong",
        )
    }
}

/// The types of Google's JSON, and what they are called in the config.
const METHODS: [(&str, &str); 4] = [
    ("service_account", "key-file"),
    ("external_account", "external-account"),
    ("authorized_user", "authorized-user"),
    ("impersonated_service_account", "default"),
];

fn impersonation(login: &Login, said: &str) -> Option<LoginFault> {
    let account = login.impersonation.as_ref().map(|impersonation| impersonation.account.as_str());
    if said.contains("getAccessToken") || account.is_some() && said.contains("PERMISSION_DENIED") {
        let account = account.unwrap_or("<the service account of the credentials>");
        return Some(denied(
            format!("we may not act as {account}"),
            format!(
                "`gcloud iam service-accounts add-iam-policy-binding {account} --member=<who we are> \
                 --role=roles/iam.serviceAccountTokenCreator`"
            ),
        ));
    }
    let account = account.filter(|_| said.contains("NOT_FOUND"))?;
    let remedy = "check impersonate: `gcloud iam service-accounts list` names those of a project";
    Some(denied(format!("there is no service account {account}"), remedy))
}

impl fmt::Display for LoginFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.context)
    }
}

impl StdError for LoginFault {}

fn denied(context: impl Into<String>, remedy: impl Into<String>) -> LoginFault {
    LoginFault { kind: ErrorKind::Denied, context: context.into(), remedy: remedy.into() }
}

#[cfg(test)]
mod tests {
    use super::super::login::Impersonation;
    use super::*;

    /// What Google's own words might hold, and no error of ours may.
    const QUOTED: &str = "canary-5f1e";

    fn login(account: Option<&str>) -> Login {
        let impersonation = account.map(|account| Impersonation { account: account.to_owned(), delegates: Vec::new() });
        Login { proof: Proof::Default, impersonation, quota_project: None }
    }

    #[test]
    fn every_refusal_says_what_to_do_and_repeats_nothing() {
        let rows = [
            (None, "Could not fetch an auth token to authenticate", false, "there are no credentials", "gcloud auth"),
            (None, r#"{"error":"invalid_grant"}"#, false, "expired or was revoked", "gcloud auth"),
            (None, r#"{"error":"invalid_client"}"#, false, "does not know the client", "gcloud auth"),
            (None, r#"{"error":"invalid_target"}"#, false, "pool or provider does not exist", "audience"),
            (None, "failed to parse service account private key PEM", false, "no private key in PEM", "keys create"),
            (Some("a@b.c"), "iam.serviceAccounts.getAccessToken denied", false, "may not act as a@b.c", "TokenCreator"),
            (None, "iam.serviceAccounts.getAccessToken denied", false, "<the service account", "TokenCreator"),
            (Some("a@b.c"), "NOT_FOUND", false, "there is no service account a@b.c", "check impersonate"),
            (None, "status client error (403)", false, "refuses the log-in (HTTP 403)", "print-access-token"),
            (None, "dns error", true, "no host of this name", "name service"),
            (None, "status server error (503)", true, "does not answer as it should", "again"),
        ];
        for (account, said, is_transient, context, remedy) in rows {
            let error = CredentialsError::from_msg(is_transient, format!("{said} {QUOTED}"));
            let fault = LoginFault::of(&login(account), &error);
            let expected = if is_transient { ErrorKind::Unavailable } else { ErrorKind::Denied };
            assert_eq!(fault.kind, expected, "{fault:?}");
            assert!(fault.context.contains(context) && fault.remedy.contains(remedy), "{fault:?}");
            assert!(!format!("{fault:?}").contains(QUOTED), "{fault:?}");
        }
    }
}
