//! The earlier versions of a file's entries, in a file of their own beside it: what an undo goes back to.
//!
//! It holds secrets, as the file does, and is read by nobody but its owner. It is on the disk before what it remembers is replaced.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use super::text_file::{FileError, replace_private};
use super::{Found, Malformed};
use crate::model::{Revision, SecretValue, Subkey, hex};

/// The first line of a history.
const HEAD: &str = r#"{"format":"secretferry.history/1"}"#;
/// Enough of a digest to tell versions of one entry apart.
const DIGITS: usize = 32;

/// How versions of entries are told apart, and how many earlier ones of each are kept.
#[derive(Debug, Clone)]
pub struct Versions {
    /// The key of the digests.
    pub key: Subkey,
    /// At most so many of an entry; none where it is 0.
    pub most: usize,
}

impl Versions {
    /// The version of what stands under an id: a keyed digest, the same for the same text.
    pub fn of(&self, id: &str, found: &Found<'_>) -> Revision {
        match found {
            Found::Value(text) => self.of_text(id, text),
            Found::Several(count) => Revision::new(format!("{count} entries")),
            Found::Unreadable(_) => Revision::new("unreadable"),
        }
    }

    fn of_text(&self, id: &str, text: &str) -> Revision {
        let digest = hex(&self.key.digest(&[b"entry", id.as_bytes(), text.as_bytes()]));
        Revision::new(&digest[..DIGITS])
    }
}

/// What a file's entries held before.
#[derive(Debug)]
pub struct History {
    path: PathBuf,
    versions: Versions,
    lines: Vec<Line>,
    state: State,
}

/// Whether what is on the disk is what is here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Saved,
    Changed,
}

#[derive(Debug)]
struct Line {
    id: String,
    text: SecretValue,
}

/// A line as it is written.
#[derive(Serialize)]
struct Written<'a> {
    id: &'a str,
    text: &'a str,
}

/// A line as it is read; the text moves on into a type that is wiped.
#[derive(Deserialize)]
struct Read {
    id: String,
    text: String,
}

impl History {
    /// Reads the history of the file at `real`; a file without one has an empty one.
    pub fn load(real: &Path, versions: &Versions) -> Result<Self, FileError> {
        let path = path_of(real);
        let empty = || Self { path: path.clone(), versions: versions.clone(), lines: Vec::new(), state: State::Saved };
        if versions.most == 0 {
            return Ok(empty());
        }
        let bytes = match fs::read(&path) {
            Ok(bytes) => Zeroizing::new(bytes),
            Err(cause) if cause.kind() == io::ErrorKind::NotFound => return Ok(empty()),
            Err(cause) => return Err(FileError::Refused("read the history beside the file", cause)),
        };
        let mut lines = bytes.split(|byte| *byte == b'\n');
        if lines.next() != Some(HEAD.as_bytes()) {
            return Err(damaged(&path, 1));
        }
        let parse = |(index, line): (usize, &[u8])| {
            let read: Read = serde_json::from_slice(line).map_err(|_| damaged(&path, index + 2))?;
            Ok(Line { id: read.id, text: SecretValue::new(read.text) })
        };
        let lines = lines.filter(|line| !line.is_empty()).enumerate().map(parse).collect::<Result<_, FileError>>()?;
        Ok(Self { lines, ..empty() })
    }

    /// How versions are told apart.
    pub fn versions(&self) -> &Versions {
        &self.versions
    }

    /// Keeps what an entry holds and is about to lose; the oldest beyond the limit go.
    pub fn remember(&mut self, id: &str, text: &SecretValue) {
        let newest = self.lines.iter().rev().find(|line| line.id == id);
        if self.versions.most == 0 || newest.is_some_and(|line| line.text == *text) {
            return;
        }
        self.lines.push(Line { id: id.to_owned(), text: text.clone() });
        self.state = State::Changed;
        if self.lines.iter().filter(|line| line.id == id).count() > self.versions.most
            && let Some(oldest) = self.lines.iter().position(|line| line.id == id)
        {
            self.lines.remove(oldest);
        }
    }

    /// What an entry held at a version, if that is still kept.
    pub fn recall(&self, id: &str, revision: &Revision) -> Option<&SecretValue> {
        let of_id = self.lines.iter().rev().filter(|line| line.id == id);
        of_id.map(|line| &line.text).find(|text| self.versions.of_text(id, text.expose()) == *revision)
    }

    /// Writes it down, if anything is new.
    pub fn save(&mut self) -> Result<(), FileError> {
        if self.state == State::Saved {
            return Ok(());
        }
        let size: usize = self.lines.iter().map(|line| line.id.len() + 2 * line.text.expose().len() + 32).sum();
        let mut text = Zeroizing::new(Vec::with_capacity(HEAD.len() + size));
        text.extend_from_slice(HEAD.as_bytes());
        for Line { id, text: value } in &self.lines {
            text.push(b'\n');
            let line = Written { id, text: value.expose() };
            serde_json::to_writer(&mut *text, &line).expect("two texts are JSON, and memory takes them");
        }
        text.push(b'\n');
        replace_private(&self.path, &text)?;
        self.state = State::Saved;
        Ok(())
    }
}

/// Where the history of a file is.
pub fn path_of(real: &Path) -> PathBuf {
    let mut name = real.as_os_str().to_owned();
    name.push(".history");
    PathBuf::from(name)
}

fn damaged(path: &Path, line: usize) -> FileError {
    let problem = format!("the history of the file, {}, is not as it was written", path.display());
    let remedy = "move the history away; what it kept can then not be undone, the entries themselves are not in it";
    FileError::Malformed(Malformed { line, column: None, problem, remedy: Some(remedy) })
}
