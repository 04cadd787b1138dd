//! What a provider says when a request fails.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use crate::model::{Effect, ErrorKind, RemoteKey};

/// The result of a request to a store.
pub type Result<T> = std::result::Result<T, Error>;

/// A failed request: what kind of fault, whether it may have had an effect, and where. Never holds a body.
#[derive(Clone)]
pub struct Error {
    /// What callers decide by.
    pub kind: ErrorKind,
    /// Whether the store may have done it all the same.
    pub effect: Effect,
    /// Whether it is about one key or about the store as a whole.
    pub reach: Reach,
    /// What was asked, one constant word or two, such as `read` or `list mounts`.
    pub operation: &'static str,
    /// The store's name.
    pub store: String,
    /// The key, where there is one.
    pub key: Option<RemoteKey>,
    /// What the store said, as far as it holds no secret: status, code, request id.
    pub context: String,
    /// What to do about it.
    pub remedy: Option<String>,
    /// How long the store asks us to wait.
    pub retry_after: Option<Duration>,
    /// What lies behind it.
    pub source: Option<Arc<dyn std::error::Error + Send + Sync>>,
}

/// How far an error reaches.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reach {
    /// It may be about this key alone.
    Key,
    /// It is about the store: a login that is dead, for one.
    Store,
}

impl Error {
    /// An error without effect.
    pub fn new(kind: ErrorKind, operation: &'static str, store: &str, context: impl Into<String>) -> Self {
        Self {
            kind,
            effect: Effect::None,
            reach: Reach::Key,
            operation,
            store: store.to_owned(),
            key: None,
            context: context.into(),
            remedy: None,
            retry_after: None,
            source: None,
        }
    }

    /// The same error, about the store as a whole: the next key would meet it too.
    #[must_use]
    pub fn of_the_store(mut self) -> Self {
        self.reach = Reach::Store;
        self
    }

    /// The same error, about a key.
    #[must_use]
    pub fn about(mut self, key: &RemoteKey) -> Self {
        self.key = Some(key.clone());
        self
    }

    /// The same error, whose effect nobody knows.
    #[must_use]
    pub fn of_unknown_effect(mut self) -> Self {
        self.effect = Effect::Unknown;
        self
    }

    /// The same error, with what to do.
    #[must_use]
    pub fn with_remedy(mut self, remedy: impl Into<String>) -> Self {
        self.remedy = Some(remedy.into());
        self
    }

    /// The sentence, and what to do about it where that is known.
    pub fn explained(&self) -> String {
        match &self.remedy {
            None => self.to_string(),
            Some(remedy) => format!("{self}; {remedy}"),
        }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.store, self.operation)?;
        if let Some(key) = &self.key {
            write!(f, " {key}")?;
        }
        write!(f, ": {}", self.kind)?;
        if !self.context.is_empty() {
            write!(f, " ({})", self.context)?;
        }
        Ok(())
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Error({self}, effect {:?})", self.effect)
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.source.as_ref().map(|source| source.as_ref() as _)
    }
}
