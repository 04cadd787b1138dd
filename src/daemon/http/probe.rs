//! The probes and the metrics: short answers for machines.

use axum::extract::State;
use axum::http::header::{ACCEPT, CONTENT_TYPE};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse as _, Response};
use jiff::Timestamp;
use serde_json::json;

use super::served::Served;
use crate::daemon::metrics::Exposition;

/// Whether the process is alive: 503 where its loop has stood still for two minutes, and only a restart helps.
pub async fn alive(State(served): State<Served>) -> Response {
    let silent = served.heartbeat.silence().as_secs();
    let stopped = served.heartbeat.has_stopped();
    let status = if stopped { StatusCode::SERVICE_UNAVAILABLE } else { StatusCode::OK };
    answer(status, &json!({ "alive": !stopped, "silent-seconds": silent }))
}

/// Whether it can work; 503 with the reasons where it cannot.
pub async fn ready(State(served): State<Served>) -> Response {
    let reasons = served.board.view().unready();
    let status = if reasons.is_empty() { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    answer(status, &json!({ "ready": reasons.is_empty(), "reasons": reasons }))
}

/// What was counted and how things stand, in the format that was asked for.
pub async fn metrics(State(served): State<Served>, headers: HeaderMap) -> Response {
    let accepted = headers.get(ACCEPT).and_then(|accept| accept.to_str().ok()).unwrap_or_default();
    let (exposition, media) = match accepted.contains("application/openmetrics-text") {
        true => (Exposition::OpenMetrics, "application/openmetrics-text; version=1.0.0; charset=utf-8"),
        false => (Exposition::Prometheus, "text/plain; version=0.0.4; charset=utf-8"),
    };
    let text = served.metrics.render_as(exposition, &served.board.view(), Timestamp::now());
    ([(CONTENT_TYPE, media)], text).into_response()
}

fn answer(status: StatusCode, body: &serde_json::Value) -> Response {
    (status, [(CONTENT_TYPE, "application/json")], format!("{body}\n")).into_response()
}
