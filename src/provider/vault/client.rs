//! Vault's HTTP API: one request, one answer. Knows nothing of keys, kinds or policies.

use std::fmt;
use std::time::Duration;

use jiff::Timestamp;
use jiff::fmt::rfc2822;
use reqwest::header::{CONTENT_TYPE, DATE, HeaderMap, HeaderValue, RETRY_AFTER};
use reqwest::redirect::Policy;
use reqwest::{Certificate, Identity};
use rustify::clients::reqwest::Client as VaultHttp;
use url::Url;
use vaultrs::api::EndpointMiddleware;
use vaultrs::client::{VaultClient, VaultClientSettings, VaultClientSettingsBuilder};
use zeroize::Zeroizing;

use crate::model::SecretValue;

const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
const REDIRECTS: usize = 3;

/// Where a Vault is and how it is trusted.
pub(super) struct Place {
    /// Scheme, host and port.
    pub address: Url,
    /// The namespace of every request.
    pub namespace: Option<String>,
    /// Authorities trusted beside the system's.
    pub authorities: Vec<Certificate>,
    /// Our own certificate.
    pub identity: Option<Identity>,
}

/// One Vault, asked over one pool of connections.
pub(super) struct Client {
    http: reqwest::Client,
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
    pub fn new(place: Place) -> Result<Self, Failure> {
        let plain = place.address.scheme() == "http";
        let mut builder = reqwest::ClientBuilder::new()
            .tls_backend_rustls()
            .connect_timeout(CONNECT_TIMEOUT)
            .redirect(Policy::custom(follow_to_the_active_node));
        // Without TLS the system's authorities need not exist: https://github.com/seanmonstar/reqwest/issues/2988
        builder = match plain {
            true => builder.tls_certs_only(Vec::new()),
            false => builder.tls_certs_merge(place.authorities),
        };
        if let Some(identity) = place.identity {
            builder = builder.identity(identity);
        }
        let http = builder.build().map_err(|error| Failure::of(&error))?;
        let settings = vaultrs_settings(&place.address, place.namespace.as_ref())?;
        Ok(Self { http, address: place.address, namespace: place.namespace, settings })
    }

    /// The same Vault as `vaultrs` speaks to it, over the same pool.
    pub fn vaultrs(&self, token: &SecretValue) -> VaultClient {
        VaultClient {
            http: VaultHttp::new(self.address.as_str(), self.http.clone()),
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
    pub async fn send(&self, token: &SecretValue, request: Request<'_>) -> Result<Answer, Failure> {
        let url = format!("{}v1/{}", self.address, request.path);
        let mut building = self.http.request(request.method.verb(), url).headers(self.headers(token)?);
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

    fn headers(&self, token: &SecretValue) -> Result<HeaderMap, Failure> {
        let value = |text: &str| HeaderValue::from_str(text).map_err(|_| Failure::unsendable());
        let mut headers = HeaderMap::new();
        headers.insert("x-vault-request", HeaderValue::from_static("true"));
        // What is asked without a token, health, is asked of the server and not of a namespace.
        if token.is_empty() {
            return Ok(headers);
        }
        if let Some(namespace) = &self.namespace {
            headers.insert("x-vault-namespace", value(namespace)?);
        }
        let mut token = value(token.expose())?;
        token.set_sensitive(true);
        headers.insert("x-vault-token", token);
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

// A standby without request forwarding sends us to the active node. The token goes along, so never from https to http.
fn follow_to_the_active_node(attempt: reqwest::redirect::Attempt<'_>) -> reqwest::redirect::Action {
    let was_secure = attempt.previous().last().is_some_and(|url| url.scheme() == "https");
    let is_secure = attempt.url().scheme() == "https";
    if attempt.previous().len() > REDIRECTS || (was_secure && !is_secure) { attempt.stop() } else { attempt.follow() }
}

// Whatever is left out here vaultrs takes from the environment, where VAULT_SKIP_VERIFY="no" means yes.
fn vaultrs_settings(address: &Url, namespace: Option<&String>) -> Result<VaultClientSettings, Failure> {
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
        .map_err(|error| Failure { stage: Stage::Unreachable, text: error.to_string() })
}

fn header<'a>(headers: &'a HeaderMap, name: &reqwest::header::HeaderName) -> Option<&'a str> {
    headers.get(name)?.to_str().ok()
}
