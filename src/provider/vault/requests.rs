//! One request to Vault with a live token: the only way the KV engines and `check` ask anything.

use std::fmt;
use std::sync::Arc;

use serde::de::DeserializeOwned;

use super::client::{Answer, Client, Method, Request, Sender};
use super::fault::{Asked, Complaint};
use super::policy::hcl;
use super::tokens::{Session, Tokens};
use crate::model::{Effect, ErrorKind, Family, RemoteKey};
use crate::provider::{Caller, Error, Repeat, Result};

/// Asks one Vault.
pub(super) struct Requests {
    store: String,
    client: Arc<Client>,
    caller: Caller,
    tokens: Tokens,
}

/// What is asked.
pub(super) struct Ask<'a> {
    /// The operation's name in errors.
    pub operation: &'static str,
    /// Which pace it falls under.
    pub family: Family,
    /// When it may be sent again.
    pub repeat: Repeat,
    /// What the path shall do.
    pub method: Method,
    /// The path below `/v1/`, percent-encoded.
    pub path: String,
    /// The JSON sent along; may hold a secret.
    pub body: Option<&'a str>,
    /// The policy that allows it: its path and capabilities. Empty where no policy is needed.
    pub right: (String, &'static [&'static str]),
    /// The key it is about.
    pub key: Option<&'a RemoteKey>,
}

/// An answer that is no refusal.
pub(super) enum Reply {
    /// Vault did it, or has it.
    Done(Answer),
    /// Vault has nothing there; the body may say what there was.
    Missing(Answer),
}

impl Requests {
    /// Asks the Vault of `client`.
    pub fn new(store: &str, client: Arc<Client>, caller: Caller, tokens: Tokens) -> Self {
        Self { store: store.to_owned(), client, caller, tokens }
    }

    /// The keeper of the token.
    pub fn tokens(&self) -> &Tokens {
        &self.tokens
    }

    /// The store's name.
    pub fn store(&self) -> &str {
        &self.store
    }

    /// Sends a request; after a refusal once more, if the token had died and another could be got.
    pub async fn ask(&self, ask: &Ask<'_>) -> Result<Reply> {
        let session = self.tokens.session().await.map_err(|error| about(error, ask))?;
        let error = match self.send(ask, &session).await {
            Err(error) if error.kind == ErrorKind::Denied && error.effect == Effect::None => error,
            answer => return answer.map_err(|error| about(error, ask)),
        };
        let fresh = self.tokens.after_refusal(&session).await.map_err(|error| about(error, ask))?;
        let answer = match fresh {
            Some(session) => self.send(ask, &session).await,
            None => Err(error),
        };
        answer.map_err(|error| about(explained(error, ask), ask))
    }

    /// Sends a request whose answer must be there, and reads its JSON.
    pub async fn fetch<T: DeserializeOwned>(&self, ask: &Ask<'_>) -> Result<T> {
        match self.ask(ask).await? {
            Reply::Done(answer) => self.parse(ask, &answer),
            Reply::Missing(answer) => Err(self.refused(ask, &answer)),
        }
    }

    /// Reads the JSON of an answer.
    pub fn parse<T: DeserializeOwned>(&self, ask: &Ask<'_>, answer: &Answer) -> Result<T> {
        // The parser's own error may repeat what it found.
        serde_json::from_slice(&answer.body).map_err(|_| self.malformed(ask))
    }

    /// The error of an answer that the caller cannot use.
    pub fn refused(&self, ask: &Ask<'_>, answer: &Answer) -> Error {
        about(self.asked(ask).refused(answer), ask)
    }

    /// The error of an answer that is not what Vault documents.
    pub fn malformed(&self, ask: &Ask<'_>) -> Error {
        about(self.asked(ask).malformed(), ask)
    }

    /// An error of our own.
    pub fn error(&self, ask: &Ask<'_>, kind: ErrorKind, context: &str) -> Error {
        about(self.asked(ask).refuse(kind, context), ask)
    }

    /// Asks without a token and takes any status: health.
    pub async fn status(&self, operation: &'static str, path: &str) -> Result<u16> {
        let asked = Asked { store: &self.store, family: Family::Auth, operation };
        let request = Request { method: Method::Read, path, body: None };
        let send =
            || async { self.client.send(Sender::Nobody, request).await.map_err(|failure| asked.failed(&failure)) };
        Ok(self.caller.call(Family::Auth, operation, Repeat::Never, send).await?.status)
    }

    async fn send(&self, ask: &Ask<'_>, session: &Session) -> Result<Reply> {
        let asked = self.asked(ask);
        let request = Request { method: ask.method, path: &ask.path, body: ask.body };
        let send = || async {
            let sent = self.client.send(Sender::Owner(&session.token), request).await;
            let answer = sent.map_err(|failure| asked.failed(&failure))?;
            match answer.status {
                200..=299 => Ok(Reply::Done(answer)),
                404 if Complaint::of(&answer).is_empty() => Ok(Reply::Missing(answer)),
                _ => Err(asked.refused(&answer)),
            }
        };
        self.caller.call(ask.family, ask.operation, ask.repeat, send).await
    }

    fn asked(&self, ask: &Ask<'_>) -> Asked<'_> {
        Asked { store: &self.store, family: ask.family, operation: ask.operation }
    }
}

impl fmt::Debug for Requests {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Requests").field("client", &self.client).field("tokens", &self.tokens).finish_non_exhaustive()
    }
}

fn about(error: Error, ask: &Ask<'_>) -> Error {
    match ask.key {
        Some(key) => error.about(key),
        None => error,
    }
}

// A refusal is mended by the right that the request needs.
fn explained(error: Error, ask: &Ask<'_>) -> Error {
    let (path, capabilities) = &ask.right;
    if error.kind != ErrorKind::Denied || path.is_empty() {
        return error;
    }
    error.with_remedy(format!("the token's policies lack:\n{}", hcl(path, capabilities)))
}
