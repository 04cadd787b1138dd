//! Lines for a terminal: wrapped, aligned, coloured only if told, and free of control characters.

use std::fmt::Write as _;

/// Whether a report is coloured.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Colour {
    /// With ANSI colours, for a terminal.
    Ansi,
    /// Without.
    None,
}

/// What a report is written on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Paper {
    /// Columns of a line; at least 40 are used.
    pub width: usize,
    /// Whether it is coloured.
    pub colour: Colour,
}

/// What a word means, as its colour says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Tone {
    Good,
    Change,
    Bad,
    Faint,
    Strong,
    Plain,
}

impl Tone {
    const fn code(self) -> &'static str {
        match self {
            Self::Good => "32",
            Self::Change => "33",
            Self::Bad => "31",
            Self::Faint => "2",
            Self::Strong => "1",
            Self::Plain => "",
        }
    }
}

const NARROWEST: usize = 40;
/// How far the later lines of a broken label are set in, so that none looks like a row of its own.
const HANG: usize = 4;

/// A report as it grows.
#[derive(Debug)]
pub(super) struct Page {
    text: String,
    paper: Paper,
}

impl Page {
    pub(super) fn new(paper: Paper) -> Self {
        Self { text: String::new(), paper: Paper { width: paper.width.max(NARROWEST), ..paper } }
    }

    pub(super) fn width(&self) -> usize {
        self.paper.width
    }

    /// The text, with exactly one newline at its end.
    pub(super) fn finish(self) -> String {
        let mut text = self.text;
        text.truncate(text.trim_end_matches('\n').len());
        text.push('\n');
        text
    }

    /// Leaves one line free, unless one is free already or nothing is written yet.
    pub(super) fn gap(&mut self) {
        if !self.text.is_empty() && !self.text.ends_with("\n\n") {
            self.text.push('\n');
        }
    }

    /// Writes a heading after a free line.
    pub(super) fn heading(&mut self, text: &str) {
        self.gap();
        self.line(0, Tone::Strong, text);
    }

    /// Writes text, wrapped at words; its own line breaks are kept.
    pub(super) fn line(&mut self, indent: usize, tone: Tone, text: &str) {
        for paragraph in text.lines() {
            for line in wrapped(&clean(paragraph), self.paper.width.saturating_sub(indent)) {
                self.put(indent, tone, &line);
            }
        }
    }

    /// Writes a line as it is, however long.
    pub(super) fn unbroken(&mut self, indent: usize, tone: Tone, line: &str) {
        self.put(indent, tone, &clean(line));
    }

    /// Writes one row: a label in front, the text wrapped behind it at `column`; its own line breaks are kept.
    ///
    /// A label that reaches into the column gets lines of its own, broken where they end.
    pub(super) fn row(&mut self, indent: usize, tone: Tone, label: &str, column: usize, text: &str) {
        let label = clean(label);
        if text.is_empty() || indent + length(&label) + 2 > column {
            for (position, piece) in pieces(&label, self.paper.width - indent - HANG).into_iter().enumerate() {
                self.put(if position == 0 { indent } else { indent + HANG }, tone, &piece);
            }
            self.line(column, Tone::Plain, text);
            return;
        }
        let room = self.paper.width.saturating_sub(column);
        let mut lines = text.lines().flat_map(|paragraph| wrapped(&clean(paragraph), room));
        let gap = " ".repeat(column - indent - length(&label));
        let first = lines.next().unwrap_or_default();
        let label = self.painted(tone, &label);
        let _ = writeln!(self.text, "{}{label}{gap}{first}", " ".repeat(indent));
        for line in lines {
            self.put(column, Tone::Plain, &line);
        }
    }

    /// Writes things one after the other, with commas; a line ends between two of them, never inside of one that fits.
    pub(super) fn list(&mut self, indent: usize, tone: Tone, items: &[String]) {
        let width = self.paper.width.saturating_sub(indent);
        let last = items.len().saturating_sub(1);
        let mut line = String::new();
        for (position, item) in items.iter().enumerate() {
            let item = clean(item) + if position < last { "," } else { "" };
            if !line.is_empty() && length(&line) + 1 + length(&item) > width {
                self.line(indent, tone, &std::mem::take(&mut line));
            }
            if !line.is_empty() {
                line.push(' ');
            }
            line.push_str(&item);
        }
        self.line(indent, tone, &line);
    }

    fn put(&mut self, indent: usize, tone: Tone, line: &str) {
        let line = self.painted(tone, line);
        let _ = writeln!(self.text, "{}{line}", " ".repeat(indent));
    }

    fn painted(&self, tone: Tone, text: &str) -> String {
        if self.paper.colour == Colour::None || tone == Tone::Plain || text.is_empty() {
            return text.to_owned();
        }
        format!("\u{1b}[{}m{text}\u{1b}[0m", tone.code())
    }
}

/// The column that fits most of `labels` and leaves half of the line for text.
pub(super) fn column<'a>(width: usize, indent: usize, labels: impl Iterator<Item = &'a str>) -> usize {
    let room = width / 2;
    let fitting = labels.map(|label| indent + length(&clean(label)) + 2).filter(|end| *end <= room);
    fitting.max().unwrap_or(indent + 2)
}

/// Names come from stores: a control character in one must not reach the terminal.
fn clean(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for character in text.chars() {
        if character.is_control() { safe.extend(character.escape_default()) } else { safe.push(character) }
    }
    safe
}

fn length(text: &str) -> usize {
    text.chars().count()
}

fn pieces(text: &str, width: usize) -> Vec<String> {
    let characters: Vec<char> = text.chars().collect();
    characters.chunks(width.max(1)).map(|piece| piece.iter().collect()).collect()
}

// Breaks at single spaces; runs of spaces stay, as remedies are aligned by them.
fn wrapped(text: &str, width: usize) -> Vec<String> {
    let width = width.max(1);
    let mut lines: Vec<String> = Vec::new();
    for word in text.split(' ') {
        match lines.last_mut() {
            Some(line) if length(line) + 1 + length(word) <= width => {
                line.push(' ');
                line.push_str(word);
            }
            _ if word.is_empty() => lines.push(String::new()),
            // A word longer than a line is broken where the line ends.
            _ => lines.extend(pieces(word, width)),
        }
    }
    lines
}
