//! Signing in and out on the page, with the token that the API takes as well.

use axum::Form;
use axum::extract::State;
use axum::http::header::{COOKIE, SET_COOKIE};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{AppendHeaders, IntoResponse as _, Redirect, Response};
use serde::Deserialize;

use super::access::{COOKIE_NAME, Visitor, cookie};
use super::answer::refused;
use super::served::Served;
use super::session::{LIFE, equal};
use crate::model::SecretValue;

/// What the form carries.
#[derive(Deserialize)]
pub struct Login {
    token: String,
}

/// A form that only proves that our own page sent it.
#[derive(Debug, Deserialize)]
pub struct Signed {
    #[serde(default)]
    csrf: String,
}

/// Signs in whoever shows the token: a cookie that no script reads and that no other site can make a browser send.
pub async fn sign_in(
    State(served): State<Served>,
    visitor: Visitor,
    headers: HeaderMap,
    Form(login): Form<Login>,
) -> Response {
    let shown = SecretValue::new(login.token);
    if from_elsewhere(&headers) {
        return refused(StatusCode::FORBIDDEN, "sign in on the daemon's own page");
    }
    let settings = served.settings();
    let token = settings.token.as_ref().and_then(|token| token.resolve().ok());
    match token {
        None => refused(StatusCode::FORBIDDEN, "there is no daemon.token in the config, so nobody can sign in"),
        Some(token) if equal(token.expose(), shown.expose().trim()) => {
            if let Some(old) = cookie(&headers) {
                served.sessions.end(old);
            }
            let id = served.sessions.begin(&token);
            let safe = if settings.tls.is_some() || settings.behind_proxy { "; Secure" } else { "" };
            let life = LIFE.as_secs();
            let cookie = format!("{COOKIE_NAME}={id}; Path=/; Max-Age={life}; HttpOnly; SameSite=Strict{safe}");
            tracing::info!(from = %visitor.from, "somebody signed in on the status page");
            (AppendHeaders([(SET_COOKIE, cookie)]), Redirect::to("/")).into_response()
        }
        Some(_) => {
            served.limiter.charge(visitor.from);
            tracing::warn!(from = %visitor.from, "somebody tried to sign in with a wrong token");
            Redirect::to("/login?wrong").into_response()
        }
    }
}

/// Ends the session, wherever the cookie is kept.
pub async fn sign_out(
    State(served): State<Served>,
    visitor: Visitor,
    headers: HeaderMap,
    Form(form): Form<Signed>,
) -> Response {
    if !form.proves(&visitor, &headers) {
        return Signed::refusal();
    }
    if let Some(id) = cookie(&headers) {
        served.sessions.end(id);
    }
    let gone = format!("{COOKIE_NAME}=; Path=/; Max-Age=0; HttpOnly; SameSite=Strict");
    (AppendHeaders([(SET_COOKIE, gone)]), Redirect::to("/")).into_response()
}

impl Signed {
    /// Whether our own page sent the form, for this very session.
    pub fn proves(&self, visitor: &Visitor, headers: &HeaderMap) -> bool {
        let right = visitor.csrf.as_ref().is_some_and(|csrf| equal(csrf, &self.csrf));
        right && headers.contains_key(COOKIE) && !from_elsewhere(headers)
    }

    /// What is answered where it did not.
    pub fn refusal() -> Response {
        refused(StatusCode::FORBIDDEN, "the form is not of this session; open the page anew and try again")
    }
}

/// Whether the browser says that another site made it ask.
fn from_elsewhere(headers: &HeaderMap) -> bool {
    let site = headers.get("sec-fetch-site").and_then(|site| site.to_str().ok());
    site.is_some_and(|site| !matches!(site, "same-origin" | "none"))
}
