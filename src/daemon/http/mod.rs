//! What the daemon shows and takes over HTTP: probes, metrics, the API and the status page, and who may ask for what.

mod access;
mod action;
mod answer;
mod api;
mod door;
mod error;
mod limit;
mod order;
mod probe;
mod served;
mod session;
mod sign;
mod status;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::middleware::{from_fn, from_fn_with_state};
use axum::routing::{get, post};

use super::page;

pub use access::Visitor;
pub use door::{Door, bind, serve};
pub use error::HttpError;
pub use served::{Heartbeat, Served};

/// The most that a request may carry, in bytes; forms here have three fields.
pub const LONGEST_BODY: usize = 64 * 1024;

/// Everything that is answered.
fn router(served: Served) -> Router {
    Router::new()
        .route("/healthz", get(probe::alive))
        .route("/readyz", get(probe::ready))
        .route("/metrics", get(probe::metrics))
        .route("/login", post(sign::sign_in))
        .route("/logout", post(sign::sign_out))
        .route("/jobs/{job}/{order}", post(action::act))
        .nest("/api/v1", api::routes())
        .merge(page::routes())
        .fallback(answer::unknown)
        .method_not_allowed_fallback(answer::wrong_method)
        .layer(DefaultBodyLimit::max(LONGEST_BODY))
        .layer(from_fn_with_state(served.clone(), access::guard))
        .route_layer(from_fn_with_state(served.clone(), answer::counted))
        .layer(from_fn(answer::guarded))
        .with_state(served)
}
