//! The buttons of the status page: forms of somebody who signed in, each carrying its session's CSRF token.

use axum::Form;
use axum::extract::{Path, State};
use axum::http::HeaderMap;
use axum::response::{IntoResponse as _, Redirect, Response};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};

use super::access::Visitor;
use super::answer::unknown;
use super::order::Order;
use super::served::Served;
use super::sign::Signed;

/// Does what a button says, and leads back to the job.
pub async fn act(
    State(served): State<Served>,
    visitor: Visitor,
    Path((job, order)): Path<(String, String)>,
    headers: HeaderMap,
    Form(form): Form<Signed>,
) -> Response {
    if !form.proves(&visitor, &headers) {
        return Signed::refusal();
    }
    let Some(order) = Order::parse(&order) else { return unknown().await };
    match order.carry(&served, &job, &format!("page from {}", visitor.from)).await {
        Ok(()) => Redirect::to(&format!("/jobs/{}", utf8_percent_encode(&job, NON_ALPHANUMERIC))).into_response(),
        Err(refusal) => refusal,
    }
}
