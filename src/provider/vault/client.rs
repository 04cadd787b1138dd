//! Vault's HTTP API: one request, one answer. Knows nothing of keys, kinds or policies.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use arc_swap::ArcSwap;
use jiff::Timestamp;
use jiff::fmt::rfc2822;
use reqwest::header::{CONTENT_TYPE, DATE, HeaderMap, HeaderValue, RETRY_AFTER};
use rustify::clients::reqwest::Client as VaultHttp;
use url::Url;
use vaultrs::api::EndpointMiddleware;
use vaultrs::client::{VaultClient, VaultClientSettings, VaultClientSettingsBuilder};
use zeroize::Zeroizing;

use super::trust::Trust;
use crate::model::{ErrorKind, SecretValue};
use crate::provider::{Error, Result};

/// One Vault, asked over one pool of connections.
pub(super) struct Client {
    http: ArcSwap<reqwest::Client>,
    trust: Trust,
    address: Url,
    namespace: Option<String>,
    settings: VaultClientSettings,
}

/// What a path is asked to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Method {
    Read,
    List,
    Write,
    Merge,
    Delete,
}

/// As whom a request is sent.
#[derive(Clone, Copy)]
pub(super) enum Sender<'a> {
    /// As nobody, to the server itself: its health has no namespace.
    Nobody,
    /// As somebody who is about to log in.
    Guest,
    /// As the owner of a token.
    Owner(&'a SecretValue),
}

/// One request.
#[derive(Clone, Copy)]
pub(super) struct Request<'a> {
    /// What is asked.
    pub method: Method,
    /// The path below `/v1/`, percent-encoded, with its query if it has one.
    pub path: &'a str,
    /// The JSON sent along.
    pub body: Option<&'a str>,
}

/// One answer, of whatever status.
pub(super) struct Answer {
    /// The HTTP status.
    pub status: u16,
    /// The body; may hold a secret.
    pub body: Zeroizing<Vec<u8>>,
    /// How long Vault asks us to wait.
    pub retry_after: Option<Duration>,
    /// Vault's own clock.
    pub date: Option<Timestamp>,
}

/// Why there is no answer.
#[derive(Debug, Clone)]
pub(super) struct Failure {
    /// How far the request came.
    pub stage: Stage,
    /// What the system says; no URL, no value.
    pub text: String,
}

/// How far a request without an answer came.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Stage {
    /// There was no connection.
    Unreachable,
    /// The two sides could not agree on TLS.
    Untrusted,
    /// The connection broke after the request was sent, or may have been.
    Lost,
}

impl Client {
    /// Builds the pool; connects to nothing yet.
    pub fn new(address: Url, namespace: Option<String>, trust: Trust) -> Result<Self> {
        let http = ArcSwap::from_pointee(trust.pool()?);
        let settings = vaultrs_settings(&address, namespace.as_ref())
            .map_err(|text| Error::new(ErrorKind::Invalid, "open", &trust.store, text))?;
        Ok(Self { http, trust, address, namespace, settings })
    }

    /// Reads the certificate files again and builds the pool anew, if there are any.
    pub fn renew_trust(&self) -> Result<()> {
        if self.trust.is_from_files() {
            self.http.store(Arc::new(self.trust.pool()?));
        }
        Ok(())
    }

    /// The same Vault as `vaultrs` speaks to it, over the same pool.
    pub fn vaultrs(&self, token: &SecretValue) -> VaultClient {
        VaultClient {
            http: VaultHttp::new(self.address.as_str(), reqwest::Client::clone(&self.http.load())),
            middle: EndpointMiddleware {
                token: token.expose().to_owned(),
                version: "v1".to_owned(),
                wrap: None,
                namespace: self.namespace.clone(),
            },
            settings: self.settings.clone(),
        }
    }

    /// Sends one request.
    pub async fn send(&self, sender: Sender<'_>, request: Request<'_>) -> std::result::Result<Answer, Failure> {
        let url = format!("{}v1/{}", self.address, request.path);
        let http = self.http.load_full();
        let mut building = http.request(request.method.verb(), url).headers(self.headers(sender)?);
        if let Some(body) = request.body {
            building = building.header(CONTENT_TYPE, request.method.content_type()).body(body.to_owned());
        }
        let response = building.send().await.map_err(|error| Failure::of(&error))?;
        let status = response.status().as_u16();
        let retry_after = header(response.headers(), &RETRY_AFTER).and_then(|text| text.parse().ok());
        let date = header(response.headers(), &DATE).and_then(|text| rfc2822::parse(text).ok());
        let body = response.bytes().await.map_err(|error| Failure::of(&error))?;
        Ok(Answer {
            status,
            body: Zeroizing::new(body.to_vec()),
            retry_after: retry_after.map(Duration::from_secs),
            date: date.map(|date| date.timestamp()),
        })
    }

    fn headers(&self, sender: Sender<'_>) -> std::result::Result<HeaderMap, Failure> {
        let value = |text: &str| HeaderValue::from_str(text).map_err(|_| Failure::unsendable());
        let mut headers = HeaderMap::new();
        headers.insert("x-vault-request", HeaderValue::from_static("true"));
        if let (Some(namespace), Sender::Guest | Sender::Owner(_)) = (&self.namespace, sender) {
            headers.insert("x-vault-namespace", value(namespace)?);
        }
        if let Sender::Owner(token) = sender {
            let mut token = value(token.expose())?;
            token.set_sensitive(true);
            headers.insert("x-vault-token", token);
        }
        Ok(headers)
    }
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Client({})", self.address)
    }
}

impl Method {
    fn verb(self) -> reqwest::Method {
        match self {
            Self::Read => reqwest::Method::GET,
            Self::List => reqwest::Method::from_bytes(b"LIST").expect("LIST is a legal verb"),
            Self::Write => reqwest::Method::POST,
            Self::Merge => reqwest::Method::PATCH,
            Self::Delete => reqwest::Method::DELETE,
        }
    }

    const fn content_type(self) -> &'static str {
        match self {
            Self::Merge => "application/merge-patch+json",
            Self::Read | Self::List | Self::Write | Self::Delete => "application/json",
        }
    }
}

impl Answer {
    /// The end of the second of the answer, by Vault's clock where it tells it: a date header has no finer one.
    pub fn at(&self) -> Timestamp {
        let date = self.date.unwrap_or_else(Timestamp::now);
        date.saturating_add(Duration::from_secs(1)).unwrap_or(date)
    }
}

impl Failure {
    /// Reads reqwest's error: its own text is of no use, the deepest cause is.
    pub fn of(error: &reqwest::Error) -> Self {
        let mut cause: &dyn std::error::Error = error;
        let mut texts = Vec::new();
        while let Some(next) = cause.source() {
            cause = next;
            texts.push(cause.to_string());
        }
        let tls = texts.iter().any(|text| is_about_tls(text));
        let stage = match (tls, error.is_connect() || error.is_builder()) {
            (true, _) => Stage::Untrusted,
            (false, true) => Stage::Unreachable,
            (false, false) => Stage::Lost,
        };
        Self { stage, text: texts.pop().unwrap_or_else(|| "no connection".to_owned()) }
    }

    fn unsendable() -> Self {
        let text = "the token or namespace holds a character that a header cannot carry".to_owned();
        Self { stage: Stage::Unreachable, text }
    }
}

// rustls' errors reach us as text only.
fn is_about_tls(text: &str) -> bool {
    ["invalid peer certificate", "received fatal alert", "received corrupt message"]
        .iter()
        .any(|known| text.contains(known))
}

// Whatever is left out here vaultrs takes from the environment, where VAULT_SKIP_VERIFY="no" means yes.
fn vaultrs_settings(address: &Url, namespace: Option<&String>) -> std::result::Result<VaultClientSettings, String> {
    VaultClientSettingsBuilder::default()
        .address(address.as_str())
        .ca_certs(Vec::new())
        .identity(None)
        .timeout(None)
        .token("")
        .verify(true)
        .version(1)
        .wrapping(false)
        .namespace(namespace.cloned())
        .build()
        .map_err(|error| error.to_string())
}

fn header<'a>(headers: &'a HeaderMap, name: &reqwest::header::HeaderName) -> Option<&'a str> {
    headers.get(name)?.to_str().ok()
}
