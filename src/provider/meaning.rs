//! What a service's word for a refusal means here, and how an error comes to say so; and what lies behind an SDK's error.

use std::borrow::Cow;
use std::error::Error as StdError;

use super::error::{Error, Reach};
use crate::model::{Effect, ErrorKind};

/// What a code means.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Meaning {
    /// What callers decide by.
    pub kind: ErrorKind,
    /// Whether it may have been done all the same.
    pub effect: Effect,
    /// Whether the next key would meet it too.
    pub reach: Reach,
    /// The code in words, where it needs them.
    pub explained: Option<Cow<'static, str>>,
    /// What to do.
    pub remedy: Option<Cow<'static, str>>,
}

impl Meaning {
    /// A meaning without effect, about one key.
    pub const fn new(kind: ErrorKind) -> Self {
        Self { kind, effect: Effect::None, reach: Reach::Key, explained: None, remedy: None }
    }

    /// The same, which may have been done.
    #[must_use]
    pub fn of_unknown_effect(self) -> Self {
        Self { effect: Effect::Unknown, ..self }
    }

    /// The same, which the next key would meet too.
    #[must_use]
    pub fn of_the_store(self) -> Self {
        Self { reach: Reach::Store, ..self }
    }

    /// The same, in words.
    #[must_use]
    pub fn said(self, explained: impl Into<Cow<'static, str>>) -> Self {
        Self { explained: Some(explained.into()), ..self }
    }

    /// The same, with what to do.
    #[must_use]
    pub fn mended_by(self, remedy: impl Into<Cow<'static, str>>) -> Self {
        Self { remedy: Some(remedy.into()), ..self }
    }

    /// The error whose context is the service's own word, as it is to be told.
    pub fn tell(self, mut error: Error) -> Error {
        (error.kind, error.effect, error.reach) = (self.kind, self.effect, self.reach);
        if let Some(explained) = self.explained {
            error.context = format!("{explained} ({})", error.context);
        }
        match self.remedy {
            Some(remedy) => error.with_remedy(remedy),
            None => error,
        }
    }
}

/// The errors behind an error, itself first.
pub fn chain<'a>(error: &'a (dyn StdError + 'static)) -> impl Iterator<Item = &'a (dyn StdError + 'static)> {
    std::iter::successors(Some(error), |error| {
        let error: &'a (dyn StdError + 'static) = *error;
        error.source()
    })
}
