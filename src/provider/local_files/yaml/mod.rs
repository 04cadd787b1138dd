//! A YAML file as PyYAML's `safe_load` reads it, changed entry by entry; every byte of the other entries stays as it is.
//!
//! Values are handed over as JSON. What no JSON can spell (dates, bytes, keys that are no text) is unreadable: Airflow
//! would hand it out as something else than text.

mod construct;
mod quote;
mod scalar;
#[cfg(test)]
mod tests;
mod tree;

use std::collections::{HashMap, HashSet};

use zeroize::Zeroizing;

use self::construct::Key;
use self::tree::{Pair, Tree};
use crate::model::python::dumps;
use crate::provider::file::{Document, Found, Malformed, Unwritable};

/// A mapping of ids to values, with the exact text of its entries.
pub struct YamlDocument {
    /// Up to the first entry's line.
    head: String,
    entries: Vec<Entry>,
    /// From the end of the last entry's line.
    tail: String,
    /// The text as it was read; `None` once it was changed.
    untouched: Option<Zeroizing<String>>,
    layout: Layout,
}

/// Whether entries can be changed where they stand.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Layout {
    /// Each begins a line of its own.
    Lines,
    /// They stand in braces, or share lines.
    Tangled,
}

struct Entry {
    id: String,
    content: Content,
    /// Comments and blank lines above it.
    above: String,
    /// From the start of its first line to the end of its value.
    own: Zeroizing<String>,
    /// What follows on its last line, and the line's end.
    behind: String,
}

/// The value as JSON, or why it has none.
type Content = Result<Zeroizing<String>, String>;

impl YamlDocument {
    /// A mapping without entries, as it is written into a new file.
    pub fn empty() -> Self {
        let untouched = Some(Zeroizing::new("{}\n".to_owned()));
        Self { head: String::new(), entries: Vec::new(), tail: String::new(), untouched, layout: Layout::Lines }
    }

    /// Takes a text apart.
    pub fn parse(text: &str) -> Result<Self, Malformed> {
        let tree = Tree::parse(text)?;
        let mut document = Self::laid_out(text, &tree);
        let mut merges = false;
        for (entry, pair) in document.entries.iter_mut().zip(&tree.pairs) {
            match construct::key(&tree, pair.key) {
                None => return Err(at(pair, "a key that is no text")),
                Some(Key::Merge) => merges = true,
                Some(Key::Text(id)) => (entry.id, entry.content) = (id, content(&tree, pair.value)),
                Some(Key::Other(id, what)) => {
                    let why = format!("YAML takes the key for {what}, and Airflow never finds it; put it in quotes");
                    (entry.id, entry.content) = (id, Err(why));
                }
            }
        }
        if merges {
            document.merge(&tree)?;
        }
        document.untouched = Some(Zeroizing::new(text.to_owned()));
        Ok(document)
    }

    /// Cuts the text at its entries, which have neither ids nor values yet.
    fn laid_out(text: &str, tree: &Tree) -> Self {
        let tangled =
            |layout| Self { head: String::new(), entries: Vec::new(), tail: String::new(), untouched: None, layout };
        let bare = |_: &Pair| Entry {
            id: String::new(),
            content: Err(String::new()),
            above: String::new(),
            own: Zeroizing::default(),
            behind: String::new(),
        };
        match (tree.pairs.first(), tree.braces) {
            (None, Some((start, end))) => {
                let tail = text[end..].strip_prefix('\n').unwrap_or(&text[end..]);
                let mut head = text[..start].to_owned();
                if !head.is_empty() && !head.ends_with('\n') {
                    head.truncate(head.trim_end().len());
                    head.push('\n');
                }
                Self { head, tail: tail.to_owned(), ..tangled(Layout::Lines) }
            }
            (Some(_), None) => Self::cut(text, &tree.pairs)
                .unwrap_or_else(|| Self { entries: tree.pairs.iter().map(bare).collect(), ..tangled(Layout::Tangled) }),
            _ => Self { entries: tree.pairs.iter().map(bare).collect(), ..tangled(Layout::Tangled) },
        }
    }

    /// Cuts between lines; `None` where entries share one, or something else than blanks stands before a key.
    fn cut(text: &str, pairs: &[Pair]) -> Option<Self> {
        let mut entries = Vec::with_capacity(pairs.len());
        let mut done = 0;
        for pair in pairs {
            let start = text[..pair.start].rfind('\n').map_or(0, |before| before + 1);
            let indented = text[start..pair.start].bytes().all(|byte| byte == b' ');
            if !indented || start < done {
                return None;
            }
            let end = pair.end.max(pair.start);
            let line_end = match text[..end].ends_with('\n') {
                true => end,
                false => text[end..].find('\n').map_or(text.len(), |length| end + length + 1),
            };
            entries.push(Entry {
                id: String::new(),
                content: Err(String::new()),
                above: text[done..start].to_owned(),
                own: Zeroizing::new(text[start..end].to_owned()),
                behind: text[end..line_end].to_owned(),
            });
            done = line_end;
        }
        let head = entries.first_mut().map(|first| std::mem::take(&mut first.above)).unwrap_or_default();
        let layout = Layout::Lines;
        Some(Self { head, entries, tail: text[done..].to_owned(), untouched: None, layout })
    }

    /// Adds what `<<` merges into the outermost mapping; such a file can be read, not changed.
    fn merge(&mut self, tree: &Tree) -> Result<(), Malformed> {
        let pairs = construct::flattened(tree, tree.root).map_err(|why| at(&tree.pairs[0], &why))?;
        let own: HashSet<_> = tree.pairs.iter().map(|pair| pair.key).collect();
        let mut merged = HashMap::new();
        for (key, value) in pairs.into_iter().filter(|(key, _)| !own.contains(key)) {
            let Some(Key::Text(id)) = construct::key(tree, key) else {
                return Err(at(&tree.pairs[0], "a merged key is no text"));
            };
            merged.insert(id, content(tree, value));
        }
        self.entries.retain(|entry| !entry.id.is_empty());
        merged.retain(|id, _| self.entries.iter().all(|entry| entry.id != *id));
        let mut merged: Vec<_> = merged.into_iter().collect();
        merged.sort_by(|(one, _), (other, _)| one.cmp(other));
        self.entries.extend(merged.into_iter().map(|(id, content)| Entry {
            id,
            content,
            above: String::new(),
            own: Zeroizing::default(),
            behind: String::new(),
        }));
        self.layout = Layout::Tangled;
        Ok(())
    }

    fn changed(&mut self) {
        self.untouched = None;
    }

    fn indent(&self) -> String {
        let first = self.entries.first().map_or("", |entry| entry.own.as_str());
        first.chars().take_while(|character| *character == ' ').collect()
    }

    /// The text as its parts make it.
    fn joined(&self) -> Zeroizing<String> {
        if self.entries.is_empty() {
            return Zeroizing::new(format!("{}{{}}\n{}", self.head, self.tail));
        }
        let of_entry = |entry: &Entry| entry.above.len() + entry.own.len() + entry.behind.len();
        let length = self.head.len() + self.entries.iter().map(of_entry).sum::<usize>() + self.tail.len();
        let mut text = Zeroizing::new(String::with_capacity(length + 1));
        text.push_str(&self.head);
        for entry in &self.entries {
            text.push_str(&entry.above);
            text.push_str(&entry.own);
            text.push_str(&entry.behind);
        }
        text.push_str(&self.tail);
        text
    }

    fn same_entries(&self, other: &Self) -> bool {
        let same = |one: &Entry, other: &Entry| one.id == other.id && one.content == other.content;
        self.entries.len() == other.entries.len()
            && self.entries.iter().zip(&other.entries).all(|(one, other)| same(one, other))
    }
}

fn content(tree: &Tree, value: tree::NodeId) -> Content {
    let value = construct::value(tree, value)?;
    let json = dumps(&value).to_secret();
    Ok(Zeroizing::new(json.map(|json| json.expose().to_owned()).unwrap_or_default()))
}

fn at(pair: &Pair, problem: &str) -> Malformed {
    Malformed {
        line: pair.line,
        column: None,
        problem: problem.to_owned(),
        remedy: Some("mend the file; Airflow cannot read it either"),
    }
}

/// One entry on a line of its own, if YAML reads it back as the same.
fn line(id: &str, value: &str) -> Option<(Zeroizing<String>, Content)> {
    let spelled = quote::of_json(value)?;
    let line = Zeroizing::new(format!("{}: {}", quote::of_text(id).as_str(), spelled.as_str()));
    let alone = YamlDocument::parse(&line).ok()?;
    let read = match alone.find(id)? {
        Found::Value(read) => Zeroizing::new(read.to_owned()),
        Found::Several(_) | Found::Unreadable(_) => return None,
    };
    let meant = crate::model::python::loads(&value.into()).ok()?;
    (dumps(&meant).as_str() == Some(read.as_str())).then_some((line, Ok(read)))
}

impl Document for YamlDocument {
    fn ids(&self) -> Vec<&str> {
        let mut seen = HashSet::new();
        self.entries.iter().map(|entry| entry.id.as_str()).filter(|id| seen.insert(*id)).collect()
    }

    fn find(&self, id: &str) -> Option<Found<'_>> {
        let mut found = self.entries.iter().filter(|entry| entry.id == id);
        let first = found.next()?;
        Some(match (&first.content, found.count()) {
            (_, others @ 1..) => Found::Several(others + 1),
            (Ok(json), 0) => Found::Value(json),
            (Err(why), 0) => Found::Unreadable(why),
        })
    }

    fn put(&mut self, id: &str, value: &str) -> Result<(), Unwritable> {
        if self.layout == Layout::Tangled {
            return Err(Unwritable(
                "its entries stand in braces, share lines or are merged, so none can be changed alone; \
                 write each on lines of its own"
                    .to_owned(),
            ));
        }
        let unspeakable = || Unwritable("YAML cannot spell the id or the value so that it is read back".to_owned());
        let (line, content) = line(id, value).ok_or_else(unspeakable)?;
        let own = Zeroizing::new(format!("{}{}", self.indent(), line.as_str()));
        match self.entries.iter().rposition(|entry| entry.id == id) {
            Some(last) => {
                let entry = &mut self.entries[last];
                (entry.own, entry.content) = (own, content);
                if entry.behind.is_empty() {
                    entry.behind = "\n".to_owned();
                }
                let mut position = 0;
                self.take_out(|entry| {
                    position += 1;
                    entry.id == id && position != last + 1
                });
            }
            None => {
                if let Some(last) = self.entries.last_mut()
                    && !last.own.ends_with('\n')
                    && !last.behind.ends_with('\n')
                {
                    last.behind.push('\n');
                }
                let above = String::new();
                self.entries.push(Entry { id: id.to_owned(), content, above, own, behind: "\n".to_owned() });
            }
        }
        self.changed();
        Ok(())
    }

    fn remove(&mut self, id: &str) {
        if self.find(id).is_some() {
            self.take_out(|entry| entry.id == id);
            self.changed();
        }
    }

    fn text(&self) -> Result<Zeroizing<String>, Unwritable> {
        if let Some(text) = &self.untouched {
            return Ok(text.clone());
        }
        let text = self.joined();
        let read_back = self.layout == Layout::Lines && Self::parse(&text).is_ok_and(|read| self.same_entries(&read));
        if read_back {
            return Ok(text);
        }
        Err(Unwritable(
            "the change would alter another entry, which shares lines, anchors or blanks with the one changed"
                .to_owned(),
        ))
    }
}

impl YamlDocument {
    /// Takes entries out; comments above them stay.
    fn take_out(&mut self, mut is_out: impl FnMut(&Entry) -> bool) {
        let mut above = String::new();
        let mut kept = Vec::with_capacity(self.entries.len());
        for mut entry in std::mem::take(&mut self.entries) {
            if is_out(&entry) {
                above.push_str(&entry.above);
            } else {
                entry.above.insert_str(0, &std::mem::take(&mut above));
                kept.push(entry);
            }
        }
        self.tail.insert_str(0, &above);
        self.entries = kept;
    }
}
