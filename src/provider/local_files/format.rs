//! The formats Airflow reads files in; it chooses by the end of a file's name, and so do we.

use std::path::Path;

use super::env;
use super::json::JsonDocument;
use super::yaml::YamlDocument;
use crate::provider::file::lines::LineDocument;
use crate::provider::file::{self, Document, Malformed};

/// The format of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// `.json`
    Json,
    /// `.yaml`, `.yml`
    Yaml,
    /// `.env`
    Env,
}

impl Format {
    /// The format that Airflow takes a file for, by the end of its name.
    pub fn of(path: &Path) -> Option<Self> {
        match path.extension()?.to_str()?.to_lowercase().as_str() {
            "json" => Some(Self::Json),
            "yaml" | "yml" => Some(Self::Yaml),
            "env" => Some(Self::Env),
            _ => None,
        }
    }
}

impl file::Format for Format {
    fn empty(&self) -> Box<dyn Document> {
        match self {
            Self::Json => Box::new(JsonDocument::empty()),
            Self::Yaml => Box::new(YamlDocument::empty()),
            Self::Env => Box::new(LineDocument::default()),
        }
    }

    fn parse(&self, text: &str) -> Result<Box<dyn Document>, Malformed> {
        Ok(match self {
            Self::Json => Box::new(JsonDocument::parse(text)?),
            Self::Yaml => Box::new(YamlDocument::parse(text)?),
            Self::Env => Box::new(env::parse(text)?),
        })
    }
}
