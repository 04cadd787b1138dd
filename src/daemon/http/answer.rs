//! What every answer has in common: its headers, its time, and words for what is refused.

use std::time::Duration;

use axum::extract::{MatchedPath, Request, State};
use axum::http::header::{CACHE_CONTROL, CONTENT_LENGTH, CONTENT_SECURITY_POLICY, CONTENT_TYPE, REFERRER_POLICY};
use axum::http::header::{X_CONTENT_TYPE_OPTIONS, X_FRAME_OPTIONS};
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};

use super::LONGEST_BODY;
use super::served::Served;

/// How long an answer may take, the reading of the request's body included.
const PATIENCE: Duration = Duration::from_secs(30);
/// What a page may load, and from where: its stylesheet and forms of its own, and nothing that runs.
const POLICY: &str = "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; base-uri 'none'; \
                      frame-ancestors 'none'";

/// A refusal in words, as JSON: who asks is a program as often as a person.
pub fn refused(status: StatusCode, error: &str) -> Response {
    let body = serde_json::json!({ "error": error });
    (status, [(CONTENT_TYPE, "application/json")], format!("{body}\n")).into_response()
}

/// Nothing is there.
pub async fn unknown() -> Response {
    refused(StatusCode::NOT_FOUND, "there is nothing here; the status page is at /")
}

/// Something is there, but it takes another method.
pub async fn wrong_method() -> Response {
    refused(StatusCode::METHOD_NOT_ALLOWED, "this address takes another method")
}

/// Counts what is answered, by the router's pattern.
pub async fn counted(
    State(served): State<Served>,
    route: Option<MatchedPath>,
    request: Request,
    next: Next,
) -> Response {
    let answer = next.run(request).await;
    let route = route.as_ref().map_or("none", MatchedPath::as_str);
    served.metrics.requested(route, answer.status().as_u16());
    answer
}

/// Bounds a request in size and time, and puts the headers on whatever is answered.
pub async fn guarded(request: Request, next: Next) -> Response {
    let mut answer = match too_long(request.headers()) {
        true => refused(StatusCode::PAYLOAD_TOO_LARGE, "a request here carries 64 KiB at most"),
        false => match tokio::time::timeout(PATIENCE, next.run(request)).await {
            Ok(answer) => answer,
            Err(_) => refused(StatusCode::REQUEST_TIMEOUT, "that took longer than 30 seconds"),
        },
    };
    protect(answer.headers_mut());
    answer
}

fn too_long(headers: &HeaderMap) -> bool {
    let length = headers.get(CONTENT_LENGTH).and_then(|length| length.to_str().ok()).and_then(|text| text.parse().ok());
    length.is_some_and(|length: u64| length > LONGEST_BODY as u64)
}

fn protect(headers: &mut HeaderMap) {
    headers.insert(CONTENT_SECURITY_POLICY, HeaderValue::from_static(POLICY));
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.insert(X_FRAME_OPTIONS, HeaderValue::from_static("DENY"));
    headers.insert(REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    headers.insert("cross-origin-opener-policy", HeaderValue::from_static("same-origin"));
    headers.insert("cross-origin-resource-policy", HeaderValue::from_static("same-origin"));
    // How things stand is of the moment; the stylesheet says otherwise of itself.
    headers.entry(CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
}
