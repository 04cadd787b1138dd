//! Who may ask for what: the host that is asked, how often, and the token or session that is shown.

use std::net::{IpAddr, SocketAddr};

use axum::extract::{ConnectInfo, FromRequestParts, Request, State};
use axum::http::header::{AUTHORIZATION, COOKIE, HOST, RETRY_AFTER, WWW_AUTHENTICATE};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode};
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Redirect, Response};

use super::answer::refused;
use super::served::Served;
use super::session::equal;
use crate::config::DaemonSettings;
use crate::model::SecretValue;

/// The cookie of somebody who has signed in.
pub const COOKIE_NAME: &str = "secretferry-session";

/// Who asks, as the pages need to know it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Visitor {
    /// Whether it has shown the token, and so may start and pause jobs.
    pub signed_in: bool,
    /// What a form of its session must carry in the field `csrf`; `None` unless signed in through the page.
    pub csrf: Option<String>,
    /// Whether there is a token to sign in with at all.
    pub may_sign_in: bool,
    /// Where it asks from.
    pub from: IpAddr,
}

impl<S: Sync> FromRequestParts<S> for Visitor {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, Response> {
        let visitor = parts.extensions.get().cloned();
        visitor.ok_or_else(|| refused(StatusCode::INTERNAL_SERVER_ERROR, "nobody asked who asks"))
    }
}

/// What an address is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    /// For whoever keeps the process alive; always answered.
    Probe,
    /// What signing in takes.
    Entrance,
    /// For Prometheus.
    Metrics,
    /// For programs that show the token.
    Api,
    /// For people who look.
    Page,
    /// For people who act.
    Action,
}

impl Place {
    fn of(method: &Method, path: &str) -> Self {
        match path {
            "/healthz" | "/readyz" => Self::Probe,
            "/login" | "/style.css" | "/icon.svg" | "/favicon.ico" => Self::Entrance,
            "/metrics" => Self::Metrics,
            _ if path == "/api" || path.starts_with("/api/") => Self::Api,
            _ if matches!(*method, Method::GET | Method::HEAD) => Self::Page,
            _ => Self::Action,
        }
    }
}

/// Lets a request through, or says why not.
pub async fn guard(
    State(served): State<Served>,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    mut request: Request,
    next: Next,
) -> Response {
    let settings = served.settings();
    let place = Place::of(request.method(), request.uri().path());
    let from = asker(&settings, peer.ip(), request.headers());
    match admit(&served, &settings, place, from, request.headers()) {
        Ok(visitor) => {
            request.extensions_mut().insert(visitor);
            next.run(request).await
        }
        Err(refusal) => *refusal,
    }
}

fn admit(
    served: &Served,
    settings: &DaemonSettings,
    place: Place,
    from: IpAddr,
    headers: &HeaderMap,
) -> Result<Visitor, Box<Response>> {
    let refuse = |status, words: &str| Err(Box::new(refused(status, words)));
    if place == Place::Probe {
        return Ok(Visitor { signed_in: false, csrf: None, may_sign_in: false, from });
    }
    // A page elsewhere whose name was made to lead to this machine would otherwise be let in by its user's browser.
    if listens_at_home(settings) && !headers.get(HOST).and_then(|host| host.to_str().ok()).is_some_and(is_this_machine)
    {
        return refuse(
            StatusCode::MISDIRECTED_REQUEST,
            "ask for 127.0.0.1 or localhost: the daemon listens on this machine alone",
        );
    }
    if !served.limiter.allows(from) {
        return Err(Box::new(with_header(
            refused(StatusCode::TOO_MANY_REQUESTS, "too many requests; wait a second"),
            RETRY_AFTER,
            "1",
        )));
    }
    let token = match settings.token.as_ref().map(|token| token.resolve()).transpose() {
        Ok(token) => token,
        Err(error) => {
            tracing::warn!(%error, "the daemon's token cannot be read; nobody is let in who needs it");
            return refuse(StatusCode::SERVICE_UNAVAILABLE, "the daemon's token cannot be read; its log says why");
        }
    };
    let shown = bearer(headers);
    let authorized = matches!((&token, shown), (Some(token), Some(shown)) if equal(token.expose(), shown));
    if shown.is_some() && !authorized && token.is_some() {
        served.limiter.charge(from);
    }
    let csrf = token.as_ref().and_then(|token| served.sessions.csrf(cookie(headers)?, token));
    let visitor = Visitor { signed_in: authorized || csrf.is_some(), csrf, may_sign_in: token.is_some(), from };
    permit(place, settings, token.as_ref(), authorized, &visitor)?;
    Ok(visitor)
}

/// Whether somebody of whom this is known may go there.
fn permit(
    place: Place,
    settings: &DaemonSettings,
    token: Option<&SecretValue>,
    authorized: bool,
    visitor: &Visitor,
) -> Result<(), Box<Response>> {
    const OFF: &str = "there is no daemon.token in the config, so nothing can be started, paused or asked here";
    let unauthorized = || {
        let refusal = refused(StatusCode::UNAUTHORIZED, "show the daemon's token: Authorization: Bearer …");
        with_header(refusal, WWW_AUTHENTICATE, "Bearer realm=\"secretferry\"")
    };
    let open = token.is_none() || listens_at_home(settings);
    match place {
        Place::Probe | Place::Entrance => Ok(()),
        Place::Api | Place::Action if token.is_none() => Err(Box::new(refused(StatusCode::FORBIDDEN, OFF))),
        Place::Api if !authorized => Err(Box::new(unauthorized())),
        Place::Action if visitor.csrf.is_none() => {
            Err(Box::new(refused(StatusCode::UNAUTHORIZED, "sign in at /login first; programs use /api/v1")))
        }
        Place::Metrics if !open && !visitor.signed_in => Err(Box::new(unauthorized())),
        Place::Page if !open && !visitor.signed_in => Err(Box::new(Redirect::to("/login").into_response())),
        Place::Api | Place::Action | Place::Metrics | Place::Page => Ok(()),
    }
}

/// Whether nobody but this machine's own users can ask.
fn listens_at_home(settings: &DaemonSettings) -> bool {
    settings.listen.ip().is_loopback() && !settings.behind_proxy
}

/// Whether a `Host` header means this machine by a name that no one else can give it.
fn is_this_machine(host: &str) -> bool {
    if host.parse::<SocketAddr>().is_ok_and(|address| address.ip().is_loopback()) {
        return true;
    }
    let bare = host.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(host);
    if bare.parse::<IpAddr>().is_ok_and(|address| address.is_loopback()) {
        return true;
    }
    let name = host.rsplit_once(':').filter(|(_, port)| port.parse::<u16>().is_ok()).map_or(host, |(name, _)| name);
    name.eq_ignore_ascii_case("localhost")
}

/// The address that asks: the connection's, or what the proxy before us says, which is the last one of its list.
fn asker(settings: &DaemonSettings, peer: IpAddr, headers: &HeaderMap) -> IpAddr {
    if !settings.behind_proxy {
        return peer;
    }
    let forwarded = headers.get_all("x-forwarded-for").iter().next_back().and_then(|list| list.to_str().ok());
    forwarded.and_then(|list| list.rsplit(',').next()?.trim().parse().ok()).unwrap_or(peer)
}

fn bearer(headers: &HeaderMap) -> Option<&str> {
    let (scheme, token) = headers.get(AUTHORIZATION)?.to_str().ok()?.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
}

/// The session that a browser shows.
pub fn cookie(headers: &HeaderMap) -> Option<&str> {
    let pairs = headers.get_all(COOKIE).iter().filter_map(|line| line.to_str().ok()).flat_map(|line| line.split(';'));
    pairs.filter_map(|pair| pair.trim().split_once('=')).find(|(name, _)| *name == COOKIE_NAME).map(|(_, id)| id)
}

fn with_header(mut answer: Response, name: HeaderName, value: &'static str) -> Response {
    answer.headers_mut().insert(name, HeaderValue::from_static(value));
    answer
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_names_that_nobody_else_can_give_are_this_machine() {
        for host in ["127.0.0.1:8374", "127.0.0.1", "localhost", "LOCALHOST:1", "[::1]:8374", "[::1]", "127.1.2.3:80"] {
            assert!(is_this_machine(host), "{host}");
        }
        for host in
            ["evil.example", "evil.example:8374", "10.0.0.1:8374", "localhost.evil.example", "", "127.0.0.1.nip.io"]
        {
            assert!(!is_this_machine(host), "{host}");
        }
    }

    #[test]
    fn the_asker_is_the_proxys_word_only_behind_a_proxy() {
        let peer = IpAddr::from([127, 0, 0, 1]);
        let mut headers = HeaderMap::new();
        headers.insert("x-forwarded-for", HeaderValue::from_static("1.2.3.4, 5.6.7.8"));
        let plain = DaemonSettings::default();
        assert_eq!(asker(&plain, peer, &headers), peer);
        let proxied = DaemonSettings { behind_proxy: true, ..plain };
        assert_eq!(asker(&proxied, peer, &headers), IpAddr::from([5, 6, 7, 8]), "the first could be made up");
        assert_eq!(asker(&proxied, peer, &HeaderMap::new()), peer);
    }
}
