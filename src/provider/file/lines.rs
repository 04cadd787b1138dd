//! A file of `id=value` lines, changed line by line; which lines are entries is the provider's to say.

use std::collections::HashSet;

use zeroize::Zeroizing;

use super::{Document, Found, Remark, Unwritable};
use crate::model::ends_line;

/// Splits a text as `str.splitlines` does, each line with what ends it.
pub fn split(text: &str) -> impl Iterator<Item = (&str, &str)> {
    let mut rest = text;
    std::iter::from_fn(move || {
        if rest.is_empty() {
            return None;
        }
        let line = &rest[..rest.find(ends_line).unwrap_or(rest.len())];
        let after = &rest[line.len()..];
        let end = if after.starts_with("\r\n") { 2 } else { after.chars().next().map_or(0, char::len_utf8) };
        rest = &after[end..];
        Some((line, &after[..end]))
    })
}

/// What one line holds.
pub enum Content {
    /// No entry: a comment, a blank line, or somebody else's.
    Other,
    /// An id and its value.
    Entry(String, Zeroizing<String>),
    /// An id whose value cannot be understood, and why.
    Unreadable(String, String),
}

/// A file's lines and what is worth saying of them.
#[derive(Default)]
pub struct LineDocument {
    lines: Vec<Line>,
    remarks: Vec<Remark>,
}

struct Line {
    text: Zeroizing<String>,
    end: String,
    content: Content,
}

impl LineDocument {
    /// Adds a line as it stands in the file.
    pub fn push(&mut self, text: &str, end: &str, content: Content) {
        self.lines.push(Line { text: Zeroizing::new(text.to_owned()), end: end.to_owned(), content });
    }

    /// Adds something worth saying.
    pub fn remark(&mut self, remark: Remark) {
        self.remarks.push(remark);
    }

    fn is_of(line: &Line, id: &str) -> bool {
        matches!(&line.content, Content::Entry(own, _) | Content::Unreadable(own, _) if own == id)
    }

    /// The last line gets its end, so that another can follow.
    fn end_last_line(&mut self) -> String {
        let usual = self.lines.first().map_or("\n", |line| if line.end == "\r\n" { "\r\n" } else { "\n" }).to_owned();
        if let Some(last) = self.lines.last_mut().filter(|last| last.end.is_empty()) {
            last.end.clone_from(&usual);
        }
        usual
    }
}

impl Document for LineDocument {
    fn ids(&self) -> Vec<&str> {
        let mut seen = HashSet::new();
        let ids = self.lines.iter().filter_map(|line| match &line.content {
            Content::Other => None,
            Content::Entry(id, _) | Content::Unreadable(id, _) => Some(id.as_str()),
        });
        ids.filter(|id| seen.insert(*id)).collect()
    }

    fn find(&self, id: &str) -> Option<Found<'_>> {
        let mut found = self.lines.iter().filter(|line| Self::is_of(line, id));
        let first = found.next()?;
        Some(match (&first.content, found.count()) {
            (_, others @ 1..) => Found::Several(others + 1),
            (Content::Entry(_, value), 0) => Found::Value(value),
            (Content::Unreadable(_, why), 0) => Found::Unreadable(why),
            (Content::Other, 0) => return None,
        })
    }

    fn put(&mut self, id: &str, value: &str) -> Result<(), Unwritable> {
        if id.is_empty() || id.contains('=') || id.contains(ends_line) || id.trim_start().starts_with('#') {
            return Err(Unwritable("the id cannot stand before the `=` of a line".to_owned()));
        }
        if value.contains(ends_line) {
            return Err(Unwritable("the value has several lines, and a line of the file holds one".to_owned()));
        }
        let text = Zeroizing::new(format!("{id}={value}"));
        let content = Content::Entry(id.to_owned(), Zeroizing::new(value.to_owned()));
        match self.lines.iter().rposition(|line| Self::is_of(line, id)) {
            Some(last) => {
                let end = std::mem::take(&mut self.lines[last].end);
                self.lines[last] = Line { text, end, content };
                let mut position = 0;
                self.lines.retain(|line| {
                    position += 1;
                    !Self::is_of(line, id) || position == last + 1
                });
            }
            None => {
                let end = self.end_last_line();
                self.lines.push(Line { text, end, content });
            }
        }
        Ok(())
    }

    fn remove(&mut self, id: &str) {
        self.lines.retain(|line| !Self::is_of(line, id));
    }

    fn text(&self) -> Result<Zeroizing<String>, Unwritable> {
        let length = self.lines.iter().map(|line| line.text.len() + line.end.len()).sum();
        let mut text = Zeroizing::new(String::with_capacity(length));
        for line in &self.lines {
            text.push_str(&line.text);
            text.push_str(&line.end);
        }
        Ok(text)
    }

    fn remarks(&self) -> Vec<Remark> {
        self.remarks.clone()
    }
}
