//! A `.env` file whose lines are taken as they stand: `NAME=value`, no quotes, no escapes, no `export`.
//!
//! Lines that are none of ours may be anything. A line of ours that only other readers understand is never guessed at:
//! it spoils the file, and says how to write it.

use zeroize::Zeroizing;

use super::rule::{self, PREFIXES};
use crate::provider::file::lines::{Content, LineDocument, split};
use crate::provider::file::{Malformed, Remark};

/// Takes a text apart.
pub fn parse(text: &str) -> Result<LineDocument, Malformed> {
    let mut document = LineDocument::default();
    let unmarked = text.strip_prefix('\u{feff}').unwrap_or(text);
    if unmarked.len() < text.len() {
        document.push("\u{feff}", "", Content::Other);
    }
    for (number, (line, end)) in (1..).zip(split(unmarked)) {
        let content = content(number, line, end)?;
        if let Content::Entry(_, value) = &content
            && is_quoted(value)
        {
            document.remark(quoted(number));
        }
        document.push(line, end, content);
    }
    Ok(document)
}

fn content(number: usize, line: &str, end: &str) -> Result<Content, Malformed> {
    let (name, value) = line.split_once('=').map_or((line, None), |(name, value)| (name, Some(value)));
    let is_ours = PREFIXES.iter().any(|prefix| name.contains(prefix));
    if !is_ours || line.trim_start().starts_with('#') {
        return Ok(Content::Other);
    }
    let malformed = |problem: &str, remedy| Malformed {
        line: number,
        column: None,
        problem: problem.to_owned(),
        remedy: Some(remedy),
    };
    if !matches!(end, "" | "\n" | "\r\n") {
        return Err(malformed("the line ends in a character that not every reader takes for a line end", REWRITE));
    }
    if let Some((problem, remedy)) = foreign(line, name, value) {
        return Err(malformed(problem, remedy));
    }
    Ok(match value {
        Some("") => Content::Unreadable(
            name.to_owned(),
            "its value is empty, which some readers of such lines refuse and others take as it is".to_owned(),
        ),
        Some(value) => Content::Entry(name.to_owned(), Zeroizing::new(value.to_owned())),
        None => return Err(malformed("there is no `=`", REWRITE)),
    })
}

const REWRITE: &str = "write the line as NAME=value, without quotes or blanks that do not belong to the value";

/// The syntax of somebody else that a line is in, and what to do about it.
fn foreign(line: &str, name: &str, value: Option<&str>) -> Option<(&'static str, &'static str)> {
    let starts = |word: &str| {
        let line = line.trim_start();
        line.strip_prefix(word).is_some_and(|rest| rest.starts_with([' ', '\t']))
    };
    if starts("export") || starts("set") || starts("setenv") {
        return Some((
            "this is a shell's syntax, which readers of plain lines take for a part of the name",
            "take the word before the name away, and undo the shell's quotes and escapes",
        ));
    }
    if starts("ENV") || starts("ARG") {
        return Some((
            "this is a Dockerfile's instruction",
            "take the word before the name away, and undo the Dockerfile's quotes, escapes and variables",
        ));
    }
    if starts("-") || name.contains(": ") || name.ends_with(':') || value.is_none() && name.contains(':') {
        return Some((
            "this is YAML, as in a compose file",
            "write the line as NAME=value, without the quotes that YAML needs; or let Docker Compose read the file: \
             dialect = \"compose\"",
        ));
    }
    if value.is_none() {
        return Some((
            "there is no `=`: some readers take the value from their own environment",
            "write the value into the line, as NAME=value",
        ));
    }
    (name.trim() != name || rule::kind(name).is_none()).then_some((
        "the name has blanks around it, or something before it",
        "begin the line with the name, and let the `=` follow at once",
    ))
}

fn is_quoted(value: &str) -> bool {
    value.len() > 1 && ['"', '\''].into_iter().any(|quote| value.starts_with(quote) && value.ends_with(quote))
}

fn quoted(line: usize) -> Remark {
    Remark {
        line,
        code: "quoted-value",
        message: "readers of plain lines take the quotes for a part of the value".to_owned(),
        remedy: "take them away if they are none of it, or set dialect = \"compose\" if Docker Compose reads the file"
            .to_owned(),
    }
}
