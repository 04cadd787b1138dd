//! The SDK's errors -> `ErrorKind`, `Effect` and what to do. The only place that knows Key Vault's codes.
//!
//! What Key Vault writes beside a code may quote a request; of it only the number at its head is looked at.

use std::time::Duration;

use azure_core::error::{Error as SdkError, ErrorKind as SdkErrorKind};
use azure_core::http::RawResponse;
use azure_core::http::headers::HeaderName;
use serde::Deserialize;

use super::codes;
use super::network;
use super::refusal::LoginFault;
use crate::model::ErrorKind;
use crate::provider::Error;
use crate::provider::meaning::{Meaning, chain};

const CHECK_URL: &str = "check vault-url, and whether a proxy answers in the vault's place";
const REQUEST_ID: HeaderName = HeaderName::from_static("x-ms-request-id");
const RETRY_AFTER: HeaderName = HeaderName::from_static("retry-after");

/// What Key Vault says of a request that it refused.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Refusal {
    /// HTTP's word.
    pub status: u16,
    /// The code, such as `Forbidden`.
    pub code: Option<String>,
    /// What lies behind it, such as `ForbiddenByRbac`; of a 401 the number at the head of its message.
    pub inner: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Body {
    error: Option<Detail>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Detail {
    code: Option<String>,
    message: Option<String>,
    innererror: Option<Box<Detail>>,
}

/// The error of a request that failed; its effect is that of a write, which [`Caller`](crate::provider::Caller) knows to
/// be none for a read.
pub(super) fn sort(operation: &'static str, store: &str, error: &SdkError) -> Error {
    let sorted = |kind, context: &str| Error::new(kind, operation, store, context);
    if let Some(login) = chain(error).find_map(|error| error.downcast_ref::<LoginFault>()) {
        return sorted(login.kind, &login.context).of_the_store().with_remedy(&login.remedy);
    }
    if let SdkErrorKind::HttpResponse { raw_response, .. } = error.kind() {
        return answered(
            sorted(ErrorKind::Unexpected, ""),
            &refusal(error).unwrap_or_default(),
            raw_response.as_deref(),
        );
    }
    if network::is_of_network(error) {
        return undelivered(sorted(ErrorKind::Unavailable, ""), error);
    }
    match error.kind() {
        SdkErrorKind::Other if error.to_string().contains("doesn't match the requested domain") => sorted(
            ErrorKind::Invalid,
            "the vault asks for a token of another domain than its own: whoever answers there may not be Key Vault",
        )
        .of_the_store()
        .with_remedy(
            "check vault-url; for a private endpoint of your own naming or a stand-in set verify-challenge = false",
        ),
        SdkErrorKind::DataConversion if error.to_string().contains("challenge") => {
            sorted(ErrorKind::Unexpected, "the server asks for a log-in in a way that Key Vault does not")
                .of_the_store()
                .with_remedy(CHECK_URL)
        }
        SdkErrorKind::DataConversion => {
            sorted(ErrorKind::Unexpected, "the answer is not what Key Vault documents").of_unknown_effect()
        }
        SdkErrorKind::Connection => sorted(ErrorKind::Unavailable, "nobody answers there").with_remedy(CHECK_URL),
        SdkErrorKind::Io => sorted(ErrorKind::Unavailable, "the connection was lost").of_unknown_effect(),
        _ => sorted(ErrorKind::Unexpected, "the SDK failed in a way of its own").of_unknown_effect(),
    }
}

/// What Key Vault said, if it was an answer of a server that failed the request.
pub(super) fn refusal(error: &SdkError) -> Option<Refusal> {
    let SdkErrorKind::HttpResponse { status, raw_response, .. } = error.kind() else { return None };
    let body = raw_response.as_ref().map(|response| response.body().as_ref()).unwrap_or_default();
    let detail = serde_json::from_slice::<Body>(body).unwrap_or_default().error.unwrap_or_default();
    let numbered = || detail.message.as_deref().and_then(number);
    let inner = detail.innererror.and_then(|inner| inner.code).or_else(numbered);
    Some(Refusal {
        status: u16::from(*status),
        code: detail.code.filter(|text| is_code(text)),
        inner: inner.filter(|text| is_code(text)),
    })
}

impl Refusal {
    /// The most specific code there is.
    pub fn specific(&self) -> Option<&str> {
        self.inner.as_deref().or(self.code.as_deref())
    }
}

/// What Key Vault writes at the head of its message for a refused token: `AKV10022: …`, `[TokenExpired] …`.
fn number(message: &str) -> Option<String> {
    if let Some((code, _)) = message.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
        return Some(code.to_owned());
    }
    let (head, _) = message.split_once(':')?;
    let digits = head.strip_prefix("AKV")?;
    (!digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit())).then(|| head.to_owned())
}

fn is_code(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-'))
}

fn answered(mut error: Error, refusal: &Refusal, response: Option<&RawResponse>) -> Error {
    let header = |name: &HeaderName| response.and_then(|response| response.headers().get_optional_str(name));
    let mut said: Vec<String> = [&refusal.code, &refusal.inner].into_iter().flatten().cloned().collect();
    said.push(format!("HTTP {}", refusal.status));
    said.extend(header(&REQUEST_ID).filter(|id| is_code(id)).map(|id| format!("request {id}")));
    error.context = said.join(", ");
    let meaning = |code: &Option<String>| code.as_deref().and_then(codes::known);
    let known = meaning(&refusal.inner).or_else(|| meaning(&refusal.code));
    let error = known.unwrap_or_else(|| by_status(refusal)).tell(error);
    let retry_after = header(&RETRY_AFTER).and_then(|text| text.trim().parse().ok()).map(Duration::from_secs);
    Error { retry_after, ..error }
}

/// What a status means whose code nobody foresaw; without any code it is not Key Vault that speaks, and the next key
/// would hear the same.
fn by_status(refusal: &Refusal) -> Meaning {
    let meaning = match refusal.status {
        401 => Meaning::new(ErrorKind::Denied).of_the_store(),
        403 => Meaning::new(ErrorKind::Denied),
        404 | 409 => Meaning::new(ErrorKind::Conflict),
        408 => Meaning::new(ErrorKind::Unavailable).of_unknown_effect(),
        413 => Meaning::new(ErrorKind::TooLarge),
        429 => Meaning::new(ErrorKind::RateLimited),
        400..=499 => Meaning::new(ErrorKind::Invalid),
        500..=599 => Meaning::new(ErrorKind::Unavailable).of_unknown_effect(),
        _ => Meaning::new(ErrorKind::Unexpected).of_unknown_effect(),
    };
    let passes = matches!(meaning.kind, ErrorKind::TooLarge | ErrorKind::RateLimited | ErrorKind::Unavailable);
    match (&refusal.code, passes) {
        (Some(_), _) => meaning,
        (None, true) => meaning.mended_by(CHECK_URL),
        (None, false) => Meaning { kind: strangers(meaning.kind), ..meaning }.of_the_store().mended_by(CHECK_URL),
    }
}

/// A 404 of somebody else's says nothing of a secret.
fn strangers(kind: ErrorKind) -> ErrorKind {
    if kind == ErrorKind::Denied { kind } else { ErrorKind::Unexpected }
}

/// The error of a request that was never answered: no connection, or one that was lost.
fn undelivered(error: Error, cause: &SdkError) -> Error {
    let (context, remedy) = network::explain(cause);
    let is_final = context.starts_with("TLS");
    let kind = if is_final { ErrorKind::Invalid } else { ErrorKind::Unavailable };
    let error = Error { kind, context, ..error }.with_remedy(remedy);
    match (is_final, network::was_never_sent(cause)) {
        (true, _) => error.of_the_store(),
        (false, true) => error,
        (false, false) => error.of_unknown_effect(),
    }
}

#[cfg(test)]
mod tests {
    use azure_core::http::StatusCode;
    use azure_core::http::headers::Headers;

    use super::*;
    use crate::model::Effect;
    use crate::provider::Reach;

    /// What Key Vault's own words might hold, and no error of ours may.
    const QUOTED: &str = "canary-5f1e";

    fn refused(status: u16, body: &str) -> SdkError {
        let mut headers = Headers::new();
        headers.insert("x-ms-request-id", "r-1");
        headers.insert("retry-after", "7");
        let status = StatusCode::from(status);
        let response = RawResponse::from_bytes(status, headers, body.to_owned());
        let kind = SdkErrorKind::HttpResponse { status, error_code: None, raw_response: Some(Box::new(response)) };
        SdkError::with_message(kind, body.to_owned())
    }

    fn said(code: &str, inner: &str, message: &str) -> String {
        let inner = if inner.is_empty() { String::new() } else { format!(r#","innererror":{{"code":"{inner}"}}"#) };
        format!(r#"{{"error":{{"code":"{code}","message":"{message} {QUOTED}"{inner}}}}}"#)
    }

    /// Sorts an error and tells what became of it: kind, effect, reach.
    fn sorted(error: &SdkError) -> (Error, String) {
        let error = sort("write", "kv-prod", error);
        let effect = if error.effect == Effect::None { "none" } else { "unknown" };
        let reach = if error.reach == Reach::Key { "key" } else { "store" };
        assert!(!format!("{error} {error:?} {}", error.explained()).contains(QUOTED), "{error:?}");
        let told = format!("{} {effect} {reach}", error.kind);
        (error, told)
    }

    #[test]
    fn every_code_has_its_meaning() {
        let rows = [
            (400, "BadParameter", "", "", "invalid none key"),
            (401, "Unauthorized", "", "", "denied none store"),
            (401, "Unauthorized", "", "AKV10022: Invalid audience.", "denied none store"),
            (401, "Unauthorized", "", "AKV10032: Invalid issuer.", "denied none store"),
            (401, "Unauthorized", "", "[TokenExpired] Error validating token", "denied none store"),
            (403, "Forbidden", "", "", "denied none key"),
            (403, "Forbidden", "AccessDenied", "", "denied none key"),
            (403, "Forbidden", "ForbiddenByPolicy", "", "denied none key"),
            (403, "Forbidden", "ForbiddenByRbac", "", "denied none key"),
            (403, "Forbidden", "SecretDisabled", "", "denied none key"),
            (403, "Forbidden", "ForbiddenByFirewall", "", "denied none store"),
            (403, "Forbidden", "ForbiddenByConnection", "", "denied none store"),
            (403, "Forbidden", "NeverSeen", "", "denied none key"),
            (404, "SecretNotFound", "", "", "conflict none key"),
            (409, "Conflict", "ObjectIsDeletedButRecoverable", "", "conflict none key"),
            (409, "Conflict", "ObjectIsBeingDeleted", "", "unavailable none key"),
            (409, "Conflict", "ObjectIsBeingRecovered", "", "unavailable none key"),
            (409, "Conflict", "NeverSeen", "", "conflict none key"),
            (413, "RequestEntityTooLarge", "", "", "too-large none key"),
            (429, "Throttled", "", "", "rate-limited none key"),
            (500, "InternalServerError", "", "", "unavailable unknown key"),
            (503, "ServiceUnavailable", "", "", "unavailable unknown key"),
            (418, "NeverSeen", "", "", "invalid none key"),
            (302, "NeverSeen", "", "", "unexpected unknown key"),
        ];
        for (status, code, inner, message, expected) in rows {
            let (error, told) = sorted(&refused(status, &said(code, inner, message)));
            assert_eq!(told, expected, "{code} {inner} {message}");
            assert!(error.context.contains(&format!("HTTP {status}, request r-1")), "{}", error.context);
            assert!(error.context.contains(code), "{}", error.context);
            assert_eq!(error.retry_after, Some(Duration::from_secs(7)));
        }
    }

    #[test]
    fn a_refused_token_tells_what_is_wrong_with_it() {
        let rows = [
            ("AKV10022: Invalid audience", "another audience"),
            ("AKV10032: Invalid issuer", "another tenant"),
            ("[TokenExpired] Error validating token", "expired"),
            ("whatever", "does not take the token"),
        ];
        for (message, expected) in rows {
            let (error, _) = sorted(&refused(401, &said("Unauthorized", "", message)));
            assert!(error.context.contains(expected) && error.remedy.is_some(), "{message}: {}", error.explained());
        }
    }

    #[test]
    fn an_answer_of_somebody_else_leads_to_the_url() {
        let rows = [
            (404, "unexpected none store"),
            (403, "denied none store"),
            (302, "unexpected unknown store"),
            (502, "unavailable unknown key"),
        ];
        for (status, expected) in rows {
            let (error, told) = sorted(&refused(status, &format!("<html>{QUOTED}")));
            assert_eq!(told, expected, "{status}");
            assert!(error.explained().contains("vault-url"), "{}", error.explained());
        }
    }

    #[test]
    fn a_lost_request_may_have_been_done_and_one_never_sent_was_not() {
        let rows = [
            (SdkErrorKind::Io, "unavailable unknown key"),
            (SdkErrorKind::Connection, "unavailable none key"),
            (SdkErrorKind::DataConversion, "unexpected unknown key"),
            (SdkErrorKind::Other, "unexpected unknown key"),
        ];
        for (kind, expected) in rows {
            assert_eq!(sorted(&SdkError::with_message(kind, QUOTED)).1, expected);
        }
    }

    #[test]
    fn a_refused_log_in_is_of_the_store_and_says_what_to_do() {
        let (error, told) = sorted(&LoginFault::missing(&"the file x cannot be read").wrapped());
        assert_eq!(told, "denied none store");
        assert!(error.explained().contains("the file x cannot be read"), "{}", error.explained());
    }
}
