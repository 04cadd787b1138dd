//! Posts a message to a webhook. Its URL is a secret: it goes into no error and no log.

use std::time::Duration;

use hmac::{Hmac, KeyInit as _, Mac as _};
use jiff::Timestamp;
use reqwest::header::{CONTENT_TYPE, RETRY_AFTER};
use reqwest::redirect::Policy;
use reqwest::{Client, StatusCode, Url};
use sha2::Sha256;

use super::receiver::Problem;
use crate::config::Webhook;
use crate::model::{SecretValue, hex};
use crate::provider::is_readable_on_the_way;

const SIGNATURE: &str = "X-Secretferry-Signature";
/// The longest that a receiver may ask us to wait.
const LONGEST_WAIT: Duration = Duration::from_secs(60);

/// A client that follows no redirect, as the receiver chosen is the one to be told, and nobody else.
pub(super) fn client(timeout: Duration) -> Result<Client, Problem> {
    let agent = concat!("secretferry/", env!("CARGO_PKG_VERSION"));
    let client = Client::builder().redirect(Policy::none()).timeout(timeout).user_agent(agent);
    client.build().map_err(|_| Problem::lasting("no HTTPS client can be made on this machine"))
}

/// Posts `body` once.
pub(super) async fn post(client: &Client, webhook: &Webhook, body: String) -> Result<(), Problem> {
    let url = address(webhook)?;
    let mut request = client.post(url).header(CONTENT_TYPE, "application/json");
    if let Some(secret) = &webhook.secret {
        let secret = secret.resolve().map_err(|error| Problem::lasting(format!("secret: {error}")))?;
        request = request.header(SIGNATURE, signature(&secret, Timestamp::now(), &body));
    }
    let answer = request.body(body).send().await.map_err(|error| Problem::passing(told(&error)))?;
    let status = answer.status();
    let wait = answer.headers().get(RETRY_AFTER).and_then(|text| text.to_str().ok()?.parse().ok());
    match status {
        _ if status.is_success() => Ok(()),
        _ if status.is_server_error() || is_passing(status) => {
            let wait = wait.map(Duration::from_secs).map(|wait| wait.min(LONGEST_WAIT));
            Err(Problem { wait, ..Problem::passing(format!("it answered with {status}")) })
        }
        _ if status.is_redirection() => {
            Err(Problem::lasting(format!("it answered with {status}; redirects are not followed")))
        }
        _ => Err(Problem::lasting(format!("it answered with {status}"))),
    }
}

/// The address, read afresh; refused where a message would travel readable.
pub(super) fn address(webhook: &Webhook) -> Result<Url, Problem> {
    let text = webhook.url.resolve().map_err(|error| Problem::lasting(format!("url: {error}")))?;
    let url = Url::parse(text.expose().trim()).ok().filter(|url| matches!(url.scheme(), "http" | "https"));
    let Some(url) = url else {
        return Err(Problem::lasting(format!("url: {} holds no http or https URL", webhook.url)));
    };
    if is_readable_on_the_way(&url) && !webhook.allow_plain_http {
        let problem = format!("url: {} holds one with plain http to another host", webhook.url);
        return Err(Problem::lasting(format!("{problem}; use https, or write allow-plain-http = true")));
    }
    Ok(url)
}

/// `t=…,v1=…`: when it was signed, in seconds, and HMAC-SHA-256 over that, a dot, and the body, in hex.
pub fn signature(secret: &SecretValue, at: Timestamp, body: &str) -> String {
    let at = at.as_second();
    let mut mac = Hmac::<Sha256>::new_from_slice(secret.expose().as_bytes()).expect("HMAC takes a key of any length");
    mac.update(format!("{at}.{body}").as_bytes());
    format!("t={at},v1={}", hex(&mac.finalize().into_bytes()))
}

fn is_passing(status: StatusCode) -> bool {
    matches!(status, StatusCode::TOO_MANY_REQUESTS | StatusCode::REQUEST_TIMEOUT | StatusCode::TOO_EARLY)
}

/// reqwest's own words hold the URL.
fn told(error: &reqwest::Error) -> &'static str {
    match error {
        _ if error.is_timeout() => "it did not answer in time",
        _ if error.is_connect() => "it cannot be connected to",
        _ => "the connection broke",
    }
}
