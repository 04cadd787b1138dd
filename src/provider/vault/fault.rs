//! Vault's statuses and fixed texts -> `ErrorKind`, `Effect` and what to do. The only place that knows them.

use rustify::errors::ClientError as TransportError;
use serde::Deserialize;
use vaultrs::error::ClientError;

use super::client::{Answer, Failure, Stage};
use crate::model::{Effect, ErrorKind, Family};
use crate::provider::Error;

/// What was asked, for the error that may come of it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Asked<'a> {
    /// The store's name.
    pub store: &'a str,
    /// The family of the call.
    pub family: Family,
    /// The operation's name.
    pub operation: &'static str,
}

/// What Vault says beside its status; every other part of a body may hold a secret.
#[derive(Debug, Default, Deserialize)]
pub(super) struct Complaint {
    #[serde(default)]
    errors: Vec<String>,
    #[serde(default)]
    warnings: Option<Vec<String>>,
}

/// A text that Vault is known to send: how to recognise it, what it means, and what to do. Only these are ever shown.
struct Known {
    text: &'static str,
    kind: Option<ErrorKind>,
    effect: Option<Effect>,
    remedy: Option<&'static str>,
}

const fn known(text: &'static str) -> Known {
    Known { text, kind: None, effect: None, remedy: None }
}

impl Known {
    const fn means(mut self, kind: ErrorKind) -> Self {
        self.kind = Some(kind);
        self
    }

    const fn harmless(mut self) -> Self {
        self.effect = Some(Effect::None);
        self
    }

    const fn mended_by(mut self, remedy: &'static str) -> Self {
        self.remedy = Some(remedy);
        self
    }
}

const KV_VERSION: &str = "set kv-version to the version of the mount: `vault secrets list -detailed` shows it";
const KNOWN: &[Known] = &[
    known("check-and-set parameter did not match").means(ErrorKind::Conflict).harmless(),
    known("Vault is sealed").means(ErrorKind::Unavailable).harmless().mended_by("unseal it: `vault operator unseal`"),
    known("Vault is not initialized").means(ErrorKind::Unavailable).harmless(),
    known("Invalid path for a versioned K/V secrets engine").means(ErrorKind::Invalid).harmless().mended_by(KV_VERSION),
    known("no handler for route").means(ErrorKind::Invalid).harmless().mended_by(
        "nothing is mounted there: set mount to what `vault secrets list` shows, and namespace if you use one",
    ),
    known("unsupported path").means(ErrorKind::Unsupported).harmless().mended_by(KV_VERSION),
    known("unsupported operation").means(ErrorKind::Unsupported).harmless(),
    known("invalid token").means(ErrorKind::Denied).harmless(),
    known("bad token").means(ErrorKind::Denied).harmless(),
    known("missing client token").means(ErrorKind::Denied).harmless(),
    known("permission denied").means(ErrorKind::Denied).harmless(),
    known("preflight capability check returned 403").means(ErrorKind::Denied).harmless(),
    known("invalid role or secret ID").means(ErrorKind::Denied).harmless(),
    known("invalid role ID").means(ErrorKind::Denied).harmless(),
    known("invalid role_id").means(ErrorKind::Denied).harmless(),
    known("invalid secret id").means(ErrorKind::Denied).harmless(),
    known("invalid username or password").means(ErrorKind::Denied).harmless(),
    known("invalid credentials").means(ErrorKind::Denied).harmless(),
    known("failed to bind as user").means(ErrorKind::Denied).harmless(),
    known("service account name not authorized").means(ErrorKind::Denied).harmless(),
    known("namespace not authorized").means(ErrorKind::Denied).harmless(),
    known("invalid role name").means(ErrorKind::Denied).harmless(),
    known("could not be found").means(ErrorKind::Denied).harmless(),
    known("missing role").means(ErrorKind::Denied).harmless(),
    known("token not yet valid").means(ErrorKind::Denied).harmless(),
    known("token is expired").means(ErrorKind::Denied).harmless(),
    known("error validating token").means(ErrorKind::Denied).harmless(),
    known("error validating claims").means(ErrorKind::Denied).harmless(),
    known("audience claim found in JWT but no audiences bound to the role").means(ErrorKind::Denied).harmless(),
    known("failed to match all constraints for this login certificate").means(ErrorKind::Denied).harmless(),
    known("invalid certificate or no client certificate supplied").means(ErrorKind::Denied).harmless(),
    known("client certificate must be supplied").means(ErrorKind::Denied).harmless(),
    known("tls connection required").means(ErrorKind::Denied).harmless(),
    known("does not belong to the role").means(ErrorKind::Denied).harmless(),
    known("error validating X-Vault-AWS-IAM-Server-ID header").means(ErrorKind::Denied).harmless(),
    known("entry for role").means(ErrorKind::Denied).harmless(),
    known("received error code 403 from STS").means(ErrorKind::Denied).harmless(),
    known("error making upstream request").means(ErrorKind::Unavailable).harmless(),
    known("auth method not configured").means(ErrorKind::Denied).harmless(),
    known("ldap backend not configured").means(ErrorKind::Denied).harmless(),
    known("wrapping token is not valid or does not exist").means(ErrorKind::Denied).harmless(),
    known("rate limit quota exceeded").means(ErrorKind::RateLimited).harmless(),
    known("missing data fields").means(ErrorKind::Invalid).harmless().mended_by("KV v1 cannot hold an empty entry"),
    known("custom_metadata validation failed").means(ErrorKind::Invalid).harmless(),
    known("malformed JSON").means(ErrorKind::Invalid).harmless(),
    known("failed to parse JSON input").means(ErrorKind::Invalid).harmless(),
    known("value being too large").means(ErrorKind::TooLarge).harmless(),
    known("Client sent an HTTP request to an HTTPS server")
        .means(ErrorKind::Invalid)
        .harmless()
        .mended_by("write https:// in address"),
    known("local node not active but active cluster node not found"),
];

impl Complaint {
    /// Reads the complaint of a body; a body without one gives none.
    pub fn of(answer: &Answer) -> Self {
        serde_json::from_slice(&answer.body).unwrap_or_else(|_| Self::plain(&String::from_utf8_lossy(&answer.body)))
    }

    // A proxy, or Go's own server, answers in plain text.
    fn plain(text: &str) -> Self {
        Self { errors: known_in(text).map(|known| known.text.to_owned()).collect(), warnings: None }
    }

    /// Tells whether Vault found something wrong with the request itself.
    pub fn is_empty(&self) -> bool {
        self.errors.is_empty() && self.known().next().is_none()
    }

    fn known(&self) -> impl Iterator<Item = &'static Known> {
        self.errors.iter().chain(self.warnings.iter().flatten()).flat_map(|text| known_in(text))
    }
}

fn known_in(text: &str) -> impl Iterator<Item = &'static Known> {
    KNOWN.iter().filter(|known| text.contains(known.text))
}

impl Asked<'_> {
    /// The error of an answer that is none of those the caller can use.
    pub fn refused(self, answer: &Answer) -> Error {
        let mut error = self.by_status(answer.status, &Complaint::of(answer));
        error.retry_after = answer.retry_after;
        error
    }

    /// The error of a request without an answer.
    pub fn failed(self, failure: &Failure) -> Error {
        let error = |kind| Error::new(kind, self.operation, self.store, &failure.text);
        match failure.stage {
            Stage::Untrusted => error(ErrorKind::Invalid).with_remedy(tls_remedy(&failure.text)),
            Stage::Unreachable => error(ErrorKind::Unavailable)
                .with_remedy("check address (or VAULT_ADDR), the name service, and that Vault is running"),
            Stage::Lost => self.maybe_done(error(ErrorKind::Unavailable)),
        }
    }

    /// The error of `vaultrs`, whose own text may hold a body.
    pub fn told(self, error: &ClientError) -> Error {
        match error {
            ClientError::APIError { code, errors } => {
                self.by_status(*code, &Complaint { errors: errors.clone(), warnings: None })
            }
            ClientError::RestClientError { source: TransportError::ServerResponseError { code, content } } => {
                self.by_status(*code, &content.as_deref().map(Complaint::plain).unwrap_or_default())
            }
            ClientError::RestClientError { source: TransportError::RequestError { source, .. } } => {
                match source.downcast_ref::<reqwest::Error>() {
                    Some(error) => self.failed(&Failure::of(error)),
                    None => Error::new(ErrorKind::Unavailable, self.operation, self.store, "no answer"),
                }
            }
            _ => self.malformed(),
        }
    }

    /// The error of an answer that is not what Vault documents.
    pub fn malformed(self) -> Error {
        let context = "the answer is not what Vault documents";
        self.maybe_done(Error::new(ErrorKind::Unexpected, self.operation, self.store, context))
            .with_remedy("check that address leads to a Vault")
    }

    /// An error of our own, before anything was sent.
    pub fn refuse(self, kind: ErrorKind, context: impl Into<String>) -> Error {
        Error::new(kind, self.operation, self.store, context)
    }

    fn by_status(self, status: u16, complaint: &Complaint) -> Error {
        let (kind, effect) = meaning(status);
        let first = complaint.known().next();
        let mut context = format!("HTTP {status}");
        for known in complaint.known() {
            context = format!("{context}: {}", known.text);
        }
        let mut error =
            Error::new(first.and_then(|known| known.kind).unwrap_or(kind), self.operation, self.store, context);
        if first.and_then(|known| known.effect).unwrap_or(effect) == Effect::Unknown {
            error = self.maybe_done(error);
        }
        match first.and_then(|known| known.remedy).or_else(|| remedy(status, complaint)) {
            Some(remedy) => error.with_remedy(remedy),
            None => error,
        }
    }

    // Only what changes something can have an effect.
    fn maybe_done(self, error: Error) -> Error {
        match self.family {
            Family::Write | Family::Delete => error.of_unknown_effect(),
            Family::List | Family::Stat | Family::Read | Family::Auth => error,
        }
    }
}

const fn meaning(status: u16) -> (ErrorKind, Effect) {
    match status {
        300..=399 | 400 | 404 => (ErrorKind::Invalid, Effect::None),
        401 | 403 => (ErrorKind::Denied, Effect::None),
        405 | 501 => (ErrorKind::Unsupported, Effect::None),
        // A replica that has not caught up with the write we saw.
        412 => (ErrorKind::Unavailable, Effect::None),
        413 => (ErrorKind::TooLarge, Effect::None),
        429 => (ErrorKind::RateLimited, Effect::None),
        // Standbys that cannot serve the request.
        472 | 473 => (ErrorKind::Unavailable, Effect::None),
        500..=599 => (ErrorKind::Unavailable, Effect::Unknown),
        _ => (ErrorKind::Unexpected, Effect::Unknown),
    }
}

fn remedy(status: u16, complaint: &Complaint) -> Option<&'static str> {
    match status {
        400 if complaint.errors.is_empty() => {
            Some("Vault refuses names with characters that cannot be printed, and says no more than that")
        }
        300..=399 => Some("set address to the node or load balancer itself: its redirect leads from https to http"),
        413 => Some("the entry is larger than the server takes (max_request_size, raft max_entry_size)"),
        472 | 473 => Some("set address to the active node or to a load balancer that finds it"),
        _ => None,
    }
}

fn tls_remedy(text: &str) -> &'static str {
    if text.contains("InvalidContentType") {
        "the server there does not speak TLS: check the port, or write http:// in address if it really has none"
    } else if text.contains("received fatal alert") {
        "the server refuses our certificate: set tls.client-certificate and tls.client-key to a pair it trusts"
    } else if text.contains("UnknownIssuer") {
        "set tls.ca to the PEM file of the authority that signed the server's certificate"
    } else {
        "mend the server's certificate (name, dates), or the address"
    }
}
