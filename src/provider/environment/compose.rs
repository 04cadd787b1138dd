//! A `.env` file as Docker Compose reads it (the `dotenv` of compose-go 2): quotes, escapes, comments and `$`.

use std::collections::HashSet;

use zeroize::Zeroizing;

use super::quoting::{self, Reading};
use crate::provider::file::{Document, Found, Malformed, Unwritable};

/// A file's statements, and the text around them.
#[derive(Default)]
pub struct ComposeDocument {
    statements: Vec<Statement>,
    /// What follows the last statement.
    tail: String,
    /// Whether the text is no longer as it was read.
    touched: Touched,
}

#[derive(Default, PartialEq)]
enum Touched {
    #[default]
    No,
    Yes,
}

struct Statement {
    name: String,
    content: Content,
    /// Blanks, line ends and comments before it.
    before: String,
    own: Zeroizing<String>,
}

/// The value, or why it has none of its own.
type Content = Result<Zeroizing<String>, &'static str>;

impl ComposeDocument {
    /// Takes a text apart; fails as Docker Compose would.
    pub fn parse(text: &str) -> Result<Self, Malformed> {
        let mut scanner = Scanner { text, at: if text.starts_with('\u{feff}') { '\u{feff}'.len_utf8() } else { 0 } };
        let mut document = Self::default();
        let mut done = 0;
        while scanner.skip_to_statement() {
            let start = scanner.at;
            let (name, content) = scanner.statement().map_err(|(problem, remedy)| Malformed {
                line: text[..start].matches('\n').count() + 1,
                column: None,
                problem: problem.to_owned(),
                remedy: Some(remedy),
            })?;
            document.statements.push(Statement {
                name,
                content,
                before: text[done..start].to_owned(),
                own: Zeroizing::new(text[start..scanner.at].to_owned()),
            });
            done = scanner.at;
        }
        document.tail = text[done..].to_owned();
        Ok(document)
    }

    fn same_entries(&self, other: &Self) -> bool {
        let same = |one: &Statement, other: &Statement| one.name == other.name && one.content == other.content;
        self.statements.len() == other.statements.len()
            && self.statements.iter().zip(&other.statements).all(|(one, other)| same(one, other))
    }

    /// Takes statements out, with their lines where nothing else but a comment is on them.
    fn take_out(&mut self, mut is_out: impl FnMut(&Statement) -> bool) {
        let mut kept: Vec<Statement> = Vec::with_capacity(self.statements.len());
        let mut carried = None;
        for mut statement in std::mem::take(&mut self.statements) {
            statement.before = joined(carried.take(), &statement.before);
            if is_out(&statement) {
                carried = Some(statement.before);
            } else {
                kept.push(statement);
            }
        }
        self.tail = joined(carried, &self.tail);
        self.statements = kept;
        self.touched = Touched::Yes;
    }
}

/// What is left of the text before and behind a statement that was taken out, if one was.
fn joined(before: Option<String>, behind: &str) -> String {
    let Some(before) = before else { return behind.to_owned() };
    let at_line_start = before.is_empty() || before.ends_with('\n');
    match behind.split_once('\n') {
        // The rest of its line goes with it.
        Some((_, next)) if at_line_start => format!("{before}{next}"),
        None if at_line_start => before,
        _ => before + behind,
    }
}

impl Document for ComposeDocument {
    fn ids(&self) -> Vec<&str> {
        let mut seen = HashSet::new();
        let names = self.statements.iter().map(|statement| statement.name.as_str());
        names.filter(|name| !name.is_empty() && seen.insert(*name)).collect()
    }

    fn find(&self, id: &str) -> Option<Found<'_>> {
        let mut found = self.statements.iter().filter(|statement| statement.name == id);
        let first = found.next()?;
        Some(match (&first.content, found.count()) {
            (_, others @ 1..) => Found::Several(others + 1),
            (Ok(value), 0) => Found::Value(value),
            (Err(why), 0) => Found::Unreadable(why),
        })
    }

    fn put(&mut self, id: &str, value: &str) -> Result<(), Unwritable> {
        let own = Zeroizing::new(format!("{id}={}", quoting::spell(value).as_str()));
        let alone = Self::parse(&own).ok().filter(|alone| alone.find(id) == Some(Found::Value(value)));
        if alone.is_none() {
            return Err(Unwritable("Docker Compose could not read the name or the value back".to_owned()));
        }
        let content = Ok(Zeroizing::new(value.to_owned()));
        match self.statements.iter().rposition(|statement| statement.name == id) {
            Some(last) => {
                (self.statements[last].own, self.statements[last].content) = (own, content);
                let mut position = 0;
                self.take_out(|statement| {
                    position += 1;
                    statement.name == id && position != last + 1
                });
            }
            None => {
                let mut before = std::mem::take(&mut self.tail);
                let is_empty = before.is_empty() && self.statements.is_empty();
                if !is_empty && !before.ends_with('\n') {
                    before.push('\n');
                }
                self.tail = "\n".to_owned();
                self.statements.push(Statement { name: id.to_owned(), content, before, own });
            }
        }
        self.touched = Touched::Yes;
        Ok(())
    }

    fn remove(&mut self, id: &str) {
        if self.find(id).is_some() {
            self.take_out(|statement| statement.name == id);
        }
    }

    fn text(&self) -> Result<Zeroizing<String>, Unwritable> {
        let length: usize = self.statements.iter().map(|one| one.before.len() + one.own.len()).sum();
        let mut text = Zeroizing::new(String::with_capacity(length + self.tail.len()));
        for statement in &self.statements {
            text.push_str(&statement.before);
            text.push_str(&statement.own);
        }
        text.push_str(&self.tail);
        let is_safe = || Self::parse(&text).is_ok_and(|read| self.same_entries(&read));
        if self.touched == Touched::No || is_safe() {
            return Ok(text);
        }
        Err(Unwritable("the change would alter another variable, which shares a line with the one changed".to_owned()))
    }
}

/// What is wrong with a statement, and what to do about it.
type Wrong = (&'static str, &'static str);

const REWRITE: &str = "write the line as NAME=value or NAME='value'; Docker Compose reads nothing of the file before";

struct Scanner<'a> {
    text: &'a str,
    at: usize,
}

impl<'a> Scanner<'a> {
    fn rest(&self) -> &'a str {
        &self.text[self.at..]
    }

    /// Passes over blanks and comments; `false` at the end.
    fn skip_to_statement(&mut self) -> bool {
        loop {
            let rest = self.rest();
            let Some(found) = rest.find(|letter: char| !letter.is_whitespace()) else { return false };
            self.at += found;
            if !self.rest().starts_with('#') {
                return true;
            }
            let Some(end) = self.rest().find('\n') else { return false };
            self.at += end;
        }
    }

    fn statement(&mut self) -> Result<(String, Content), Wrong> {
        let instruction = self.rest().starts_with("ENV ") || self.rest().starts_with("ARG ");
        let exported =
            self.rest().strip_prefix("export").filter(|rest| rest.starts_with(['\t', '\n', '\u{c}', '\r', ' ']));
        if let Some(rest) = exported {
            self.at = self.text.len() - rest.trim_start_matches(is_space).len();
        }
        let name_start = self.at;
        let Some((name, end)) = self.name()? else {
            return Err(("there is no `=`, and the file ends here", REWRITE));
        };
        if name.contains(' ') && instruction {
            return Err(("this is a Dockerfile's instruction", "take the word before the name away"));
        }
        if name.contains(' ') {
            return Err(("the name holds a blank", REWRITE));
        }
        let name = name.to_owned();
        if end == '\n' {
            self.at = name_start + name.len();
            return Ok((name, Err("it has no value of its own: Docker Compose takes it from its environment")));
        }
        self.at = self.text.len() - self.rest().trim_start_matches(is_space).len();
        let reading = quoting::read(self.rest()).ok_or(("a quote is opened and never closed", REWRITE))?;
        let Reading { length, value } = reading;
        self.at += length;
        Ok((name, value))
    }

    /// Reads up to what ends a name and passes over it; `None` where nothing does.
    fn name(&mut self) -> Result<Option<(&'a str, char)>, Wrong> {
        let rest = self.rest();
        for (offset, letter) in rest.char_indices() {
            match letter {
                '=' | ':' | '\n' => {
                    self.at += offset + 1;
                    return Ok(Some((rest[..offset].trim_end(), letter)));
                }
                '_' | '.' | '-' | '[' | ']' => {}
                _ if is_space(letter) || letter.is_alphanumeric() => {}
                _ => return Err(("the name holds a character that Docker Compose does not take", REWRITE)),
            }
        }
        Ok(None)
    }
}

/// compose-go's blanks within a line.
pub(super) fn is_space(letter: char) -> bool {
    matches!(letter, '\t' | '\u{b}' | '\u{c}' | '\r' | ' ' | '\u{85}' | '\u{a0}')
}
