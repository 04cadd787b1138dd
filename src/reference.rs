//! Secrets by reference, `{ env = "X" }` or `{ file = "…" }`, and TLS files: the only code that reads the environment, afresh at each use.

use std::collections::BTreeMap;
use std::fmt;
use std::path::{Path, PathBuf};

use serde::Deserialize;
use serde::de::{self, Deserializer, MapAccess, Visitor};

use crate::model::SecretValue;

/// Where a secret of the config really is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reference {
    /// An environment variable of this process.
    Env(String),
    /// A file, read again at each use; one trailing newline is dropped.
    File(PathBuf),
}

/// Why a reference gave no secret; names the variable or file, never what it holds.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ReferenceError {
    /// The variable is not set.
    #[error("the environment variable {0} is not set")]
    EnvMissing(String),
    /// The variable or file holds nothing.
    #[error("{0} is empty")]
    Empty(String),
    /// The variable or file does not hold UTF-8.
    #[error("{0} does not hold UTF-8 text")]
    NotText(String),
    /// The file cannot be read.
    #[error("the file {path} cannot be read: {cause}")]
    File {
        /// Which file.
        path: String,
        /// What the system says.
        cause: String,
    },
}

impl Reference {
    /// Reads the secret now.
    pub fn resolve(&self) -> Result<SecretValue, ReferenceError> {
        let text = match self {
            Self::Env(name) => env_text(name)?,
            Self::File(path) => file_text(path)?,
        };
        let trimmed = text.strip_suffix('\n').map(|text| text.strip_suffix('\r').unwrap_or(text));
        let value = SecretValue::from(trimmed.unwrap_or(&text));
        drop(zeroize::Zeroizing::new(text));
        if value.is_empty() { Err(ReferenceError::Empty(self.to_string())) } else { Ok(value) }
    }

    /// The same reference with a relative file taken from `folder`.
    #[must_use]
    pub fn relative_to(self, folder: &Path) -> Self {
        match self {
            Self::File(path) => Self::File(folder.join(path)),
            env @ Self::Env(_) => env,
        }
    }
}

/// Reads a plain, non-secret variable such as `VAULT_ADDR`; unset and empty are `None`.
pub fn env_setting(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|text| !text.is_empty())
}

/// Lists the names of variables that begin with `prefix`, in order; what they hold is read by a [`Reference`].
pub fn env_names(prefix: &str) -> Vec<String> {
    let names = std::env::vars_os().filter_map(|(name, _)| name.into_string().ok());
    let mut names: Vec<_> = names.filter(|name| name.starts_with(prefix)).collect();
    names.sort();
    names
}

/// Reads every variable of this process whose name starts with one of `prefixes`, in the order of names.
pub fn env_variables(prefixes: &[&str]) -> BTreeMap<String, Result<SecretValue, ReferenceError>> {
    let variables = std::env::vars_os().filter_map(|(name, text)| {
        let name = name.into_string().ok().filter(|name| prefixes.iter().any(|prefix| name.starts_with(prefix)))?;
        let value = text.into_string().map(SecretValue::new);
        let value = value.map_err(|_| ReferenceError::NotText(format!("the environment variable {name}")));
        Some((name, value))
    });
    variables.collect()
}

fn env_text(name: &str) -> Result<String, ReferenceError> {
    match std::env::var(name) {
        Ok(text) => Ok(text),
        Err(std::env::VarError::NotPresent) => Err(ReferenceError::EnvMissing(name.to_owned())),
        Err(std::env::VarError::NotUnicode(_)) => {
            Err(ReferenceError::NotText(format!("the environment variable {name}")))
        }
    }
}

fn file_text(path: &Path) -> Result<String, ReferenceError> {
    let shown = || path.display().to_string();
    let bytes =
        std::fs::read(path).map_err(|cause| ReferenceError::File { path: shown(), cause: cause.to_string() })?;
    String::from_utf8(bytes).map_err(|_| ReferenceError::NotText(format!("the file {}", shown())))
}

impl fmt::Display for Reference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Env(name) => write!(f, "the environment variable {name}"),
            Self::File(path) => write!(f, "the file {}", path.display()),
        }
    }
}

impl<'de> Deserialize<'de> for Reference {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(ReferenceVisitor)
    }
}

const EXPECTED: &str = "a reference: { env = \"NAME\" } or { file = \"path\" }";

struct ReferenceVisitor;

impl<'de> Visitor<'de> for ReferenceVisitor {
    type Value = Reference;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(EXPECTED)
    }

    // A literal is refused without being repeated: it may well be the secret itself.
    fn visit_str<E: de::Error>(self, _literal: &str) -> Result<Reference, E> {
        Err(E::custom(format!("a secret must not stand in the config as text; expected {EXPECTED}")))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Reference, A::Error> {
        let wrong = || de::Error::custom(format!("expected {EXPECTED}, with exactly one key"));
        let Some((key, text)) = map.next_entry::<String, String>()? else { return Err(wrong()) };
        if map.next_key::<String>()?.is_some() {
            return Err(wrong());
        }
        match key.as_str() {
            "env" => Ok(Reference::Env(text)),
            "file" => Ok(Reference::File(PathBuf::from(text))),
            _ => Err(wrong()),
        }
    }
}

/// How a TLS connection is trusted, for stores that speak it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct TlsSettings {
    /// A PEM file of certificate authorities, trusted beside the system's.
    pub ca: Option<PathBuf>,
    /// A PEM file with our certificate and its chain.
    pub client_certificate: Option<PathBuf>,
    /// A PEM file with the key of our certificate.
    pub client_key: Option<PathBuf>,
}

impl TlsSettings {
    /// The same settings with relative files taken from `folder`.
    #[must_use]
    pub fn relative_to(mut self, folder: &Path) -> Self {
        for file in [&mut self.ca, &mut self.client_certificate, &mut self.client_key].into_iter().flatten() {
            *file = folder.join(&*file);
        }
        self
    }
}
