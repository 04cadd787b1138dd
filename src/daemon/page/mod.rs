//! The status page: what an operator wants to see at night.

use axum::Router;
use axum::response::Html;
use axum::routing::get;
use maud::{DOCTYPE, html};

use super::http::Served;

/// The pages, by their addresses.
pub fn routes() -> Router<Served> {
    Router::new().route("/login", get(login))
}

async fn login() -> Html<String> {
    let page = html! {
        (DOCTYPE)
        html lang="en" {
            head { title { "Sign in" } }
            body {
                form method="post" action="/login" {
                    label for="token" { "Token" }
                    input id="token" name="token" type="password" autocomplete="current-password" required;
                    button { "Sign in" }
                }
            }
        }
    };
    Html(page.into_string())
}
