//! The pages by their addresses: what the board and the ledger say at the moment, handed to the templates.

use axum::Router;
use axum::extract::{Path, RawQuery, State};
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use axum::http::{HeaderName, StatusCode};
use axum::response::{Html, IntoResponse, Response};
use axum::routing::get;
use jiff::Timestamp;
use maud::Markup;

use super::{Look, RUNS, jobs, layout, overview, runs, stores};
use crate::daemon::board::View;
use crate::daemon::http::{Served, Visitor};
use crate::daemon::shelf::Shelf;
use crate::ledger::{LedgerError, Run};

/// The one stylesheet.
const STYLE: &str = include_str!("style.css");

/// The sign in the browser's tab.
const ICON: &str = include_str!("icon.svg");

/// What is said where the ledger is needed and away.
const AWAY: &str = "The ledger cannot be used at the moment.";

/// The pages, by their addresses.
pub fn routes() -> Router<Served> {
    Router::new()
        .route("/", get(overview))
        .route("/jobs/{job}", get(job))
        .route("/runs/{run}", get(run))
        .route("/stores", get(stores))
        .route("/login", get(login))
        .route("/style.css", get(|| async { asset("text/css; charset=utf-8", STYLE) }))
        .route("/icon.svg", get(|| async { asset("image/svg+xml", ICON) }))
}

/// A moment's look, owned.
struct Glance {
    view: View,
    now: Timestamp,
    visitor: Visitor,
    still: bool,
}

impl Glance {
    fn new(served: &Served, visitor: Visitor, query: Option<&str>) -> Self {
        let still = query.is_some_and(|query| query.split('&').any(|part| part == "still"));
        Self { view: served.board.view(), now: Timestamp::now(), visitor, still }
    }

    fn look(&self) -> Look<'_> {
        Look { view: &self.view, now: self.now, visitor: &self.visitor, still: self.still }
    }
}

async fn overview(State(served): State<Served>, visitor: Visitor, RawQuery(query): RawQuery) -> Response {
    page(StatusCode::OK, overview::overview(&Glance::new(&served, visitor, query.as_deref()).look()))
}

async fn stores(State(served): State<Served>, visitor: Visitor, RawQuery(query): RawQuery) -> Response {
    page(StatusCode::OK, stores::stores(&Glance::new(&served, visitor, query.as_deref()).look()))
}

async fn login(State(served): State<Served>, visitor: Visitor, RawQuery(query): RawQuery) -> Response {
    let problem = query.filter(|query| query == "wrong").map(|_| "that is not the token.");
    page(StatusCode::OK, layout::login(&Glance::new(&served, visitor, None).look(), problem))
}

async fn job(
    State(served): State<Served>,
    visitor: Visitor,
    Path(name): Path<String>,
    RawQuery(query): RawQuery,
) -> Response {
    let mut glance = Glance::new(&served, visitor, query.as_deref());
    let runs = history(&served.shelf, &name, &mut glance.view).await;
    match jobs::job(&glance.look(), &name, runs.as_deref().map_err(String::as_str)) {
        Some(content) => page(StatusCode::OK, content),
        None => absent(&glance, "No such job", &format!("No job is called {name}; perhaps the config was changed.")),
    }
}

/// Reads a job's last runs, and what people asked of it: on the board that is some seconds old, and whoever has just
/// pressed a button wants to see that it was heard.
async fn history(shelf: &Shelf, job: &str, view: &mut View) -> Result<Vec<Run>, String> {
    let ledger = shelf.ledger().ok_or_else(|| AWAY.to_owned())?;
    let told = |error: LedgerError| error.to_string();
    let controls = ledger.overview().await.map_err(told)?.controls;
    let control = controls.get(job).cloned().unwrap_or_default();
    for leg in view.jobs.iter_mut().filter(|leg| leg.job == job) {
        leg.control = control.clone();
    }
    ledger.runs_of(job, RUNS).await.map_err(told)
}

async fn run(
    State(served): State<Served>,
    visitor: Visitor,
    Path(id): Path<String>,
    RawQuery(query): RawQuery,
) -> Response {
    let glance = Glance::new(&served, visitor, query.as_deref());
    let Some(ledger) = served.shelf.ledger() else {
        let page_of_it = layout::message(&glance.look(), "The run cannot be told", AWAY);
        return page(StatusCode::SERVICE_UNAVAILABLE, page_of_it);
    };
    let found = async {
        let Some(run) = ledger.find_run(&id).await? else { return Ok(None) };
        let steps = ledger.steps(&run.id).await?;
        Ok::<_, LedgerError>(Some((run, steps)))
    };
    match found.await {
        Ok(Some((run, steps))) => page(StatusCode::OK, runs::run(&glance.look(), &run, &steps)),
        Ok(None) => absent(&glance, "No such run", "The ledger knows no run with this id."),
        Err(LedgerError::AmbiguousRun(_)) => absent(&glance, "Several runs", "More than one run has such an id."),
        Err(error) => {
            let page_of_it = layout::message(&glance.look(), "The run cannot be told", &error.to_string());
            page(StatusCode::SERVICE_UNAVAILABLE, page_of_it)
        }
    }
}

fn absent(glance: &Glance, title: &str, text: &str) -> Response {
    page(StatusCode::NOT_FOUND, layout::message(&glance.look(), title, text))
}

fn page(status: StatusCode, content: Markup) -> Response {
    (status, Html(content.into_string())).into_response()
}

fn asset(kind: &'static str, text: &'static str) -> impl IntoResponse {
    let headers: [(HeaderName, &'static str); 2] = [(CONTENT_TYPE, kind), (CACHE_CONTROL, "max-age=300")];
    (headers, text)
}
