//! The API for programs that show the token: how things stand, what was, and what people ask of jobs.

use axum::Router;
use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse as _, Response};
use axum::routing::{get, post};
use serde::Deserialize;

use super::access::Visitor;
use super::answer::{refused, unknown};
use super::order::{Order, away};
use super::served::Served;
use super::status::status;
use crate::ledger::{Ledger, LedgerError};
use crate::report::json;

/// The most runs in one answer.
const MOST: u32 = 1000;

/// Below `/api/v1`.
pub fn routes() -> Router<Served> {
    Router::new()
        .route("/status", get(show))
        .route("/jobs/{job}/runs", get(runs))
        .route("/runs/{run}", get(run))
        .route("/jobs/{job}/{order}", post(ask))
}

/// How many runs are asked for.
#[derive(Debug, Deserialize)]
struct Many {
    limit: Option<u32>,
}

async fn show(State(served): State<Served>) -> Response {
    document(StatusCode::OK, status(&served.board.view()))
}

async fn runs(State(served): State<Served>, Path(job): Path<String>, Query(many): Query<Many>) -> Response {
    let known = served.board.view().jobs.iter().any(|known| known.job == job);
    if !known {
        return refused(StatusCode::NOT_FOUND, "the config has no job of this name");
    }
    let Some(ledger) = served.shelf.ledger() else { return away() };
    match ledger.runs_of(&job, many.limit.unwrap_or(20).min(MOST)).await {
        Ok(runs) => document(StatusCode::OK, json::history(&runs, None)),
        Err(error) => failed(&error),
    }
}

async fn run(State(served): State<Served>, Path(run): Path<String>) -> Response {
    let Some(ledger) = served.shelf.ledger() else { return away() };
    match one(&ledger, &run).await {
        Ok(Some(found)) => document(StatusCode::OK, found),
        Ok(None) => refused(StatusCode::NOT_FOUND, "the ledger has no such run"),
        Err(error) => failed(&error),
    }
}

async fn one(ledger: &Ledger, text: &str) -> Result<Option<String>, LedgerError> {
    let Some(run) = ledger.find_run(text).await? else { return Ok(None) };
    let steps = ledger.steps(&run.id).await?;
    Ok(Some(json::history(&[run], Some(&steps))))
}

async fn ask(State(served): State<Served>, visitor: Visitor, Path((job, order)): Path<(String, String)>) -> Response {
    let Some(order) = Order::parse(&order) else { return unknown().await };
    match order.carry(&served, &job, &format!("api from {}", visitor.from)).await {
        Ok(()) => document(StatusCode::ACCEPTED, format!("{}\n", serde_json::json!({ "job": job, "noted": true }))),
        Err(refusal) => refusal,
    }
}

fn failed(error: &LedgerError) -> Response {
    let status = match error {
        LedgerError::AmbiguousRun(_) => StatusCode::BAD_REQUEST,
        _ => StatusCode::SERVICE_UNAVAILABLE,
    };
    refused(status, &error.to_string())
}

fn document(status: StatusCode, text: String) -> Response {
    (status, [(CONTENT_TYPE, "application/json")], text).into_response()
}
