//! Whether two sets of globs have a text in common, and which.
//!
//! All globs are run in lockstep over every text that can still tell them apart. That is exact for `*`, `?` and literal
//! text; a glob with `[…]`, `{…}` or `**` counts as matching whatever starts like it.

use std::collections::{BTreeSet, HashSet, VecDeque};
use std::rc::Rc;

/// The most combined states looked at; beyond it the globs count as meeting, in [`ANYTHING`].
const MAX_STATES: usize = 5_000;
/// What stands for an example where none was found in time.
const ANYTHING: &str = "*";

/// One glob, over bytes as `globset` matches them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Pattern {
    tokens: Vec<Token>,
    exact: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Token {
    Byte(u8),
    AnyByte,
    Star,
}

/// What one side matches: any of `include` and none of `exclude`.
#[derive(Debug, Clone, Default)]
pub(super) struct Patterns {
    pub include: Vec<Pattern>,
    pub exclude: Vec<Pattern>,
}

impl Pattern {
    /// Reads a glob over ids, which are never empty.
    pub fn glob(text: &str) -> Self {
        let mut tokens = Vec::new();
        let mut exact = true;
        let mut bytes = text.bytes().peekable();
        while let Some(byte) = bytes.next() {
            let recursive = byte == b'*' && bytes.peek() == Some(&b'*');
            tokens.push(match byte {
                b'[' | b'{' => Token::Star,
                b'*' => Token::Star,
                b'?' => Token::AnyByte,
                b'\\' => Token::Byte(bytes.next().unwrap_or(byte)),
                _ => Token::Byte(byte),
            });
            if recursive || matches!(byte, b'[' | b'{') {
                exact = false;
                break;
            }
        }
        if tokens.iter().all(|token| *token == Token::Star) && !tokens.is_empty() {
            tokens.insert(0, Token::AnyByte);
        }
        Self { tokens, exact }
    }

    /// Matches this text alone.
    pub fn literal(text: &str) -> Self {
        Self { tokens: text.bytes().map(Token::Byte).collect(), exact: true }
    }

    /// Matches every text but the empty one.
    pub fn anything() -> Self {
        Self { tokens: vec![Token::AnyByte, Token::Star], exact: true }
    }

    /// The same, behind a literal text.
    #[must_use]
    pub fn behind(&self, text: &str) -> Self {
        let tokens = text.bytes().map(Token::Byte).chain(self.tokens.iter().copied()).collect();
        Self { tokens, exact: self.exact }
    }

    /// The same, followed by a literal text; where the end is only roughly known, nothing is added.
    #[must_use]
    pub fn followed_by(&self, text: &str) -> Self {
        let end = text.bytes().map(Token::Byte).filter(|_| self.exact);
        Self { tokens: self.tokens.iter().copied().chain(end).collect(), exact: self.exact }
    }

    /// What may follow `text` in what it matches, the empty text left out.
    pub fn rests(&self, text: &str) -> Vec<Self> {
        let begun = text.bytes().fold(reached(self, BTreeSet::from([0])), |at, byte| stepped(self, &at, byte));
        let rest = |position: usize| {
            let mut tokens = self.tokens[position..].to_vec();
            if !tokens.is_empty() && tokens.iter().all(|token| *token == Token::Star) {
                tokens.insert(0, Token::AnyByte);
            }
            Self { tokens, exact: self.exact }
        };
        begun.into_iter().map(rest).filter(|rest| !rest.tokens.is_empty()).collect()
    }

    /// The same, behind any text but the empty one.
    #[must_use]
    pub fn behind_anything(&self) -> Self {
        let tokens = [Token::AnyByte, Token::Star].into_iter().chain(self.tokens.iter().copied()).collect();
        Self { tokens, exact: self.exact }
    }

    fn literals(&self) -> impl Iterator<Item = u8> {
        self.tokens.iter().filter_map(|token| if let Token::Byte(byte) = token { Some(*byte) } else { None })
    }
}

/// Finds a shortest text that both sides match; `None` where there is none.
pub(super) fn meeting(left: &Patterns, right: &Patterns) -> Option<String> {
    let run = Run::new(left, right);
    let start = run.start();
    let mut seen = HashSet::from([start.clone()]);
    let mut queue = VecDeque::from([(start, None::<Rc<Trail>>)]);
    while let Some((state, trail)) = queue.pop_front() {
        if run.both_match(&state) {
            return Some(spelled(trail));
        }
        if seen.len() > MAX_STATES {
            return Some(ANYTHING.to_owned());
        }
        for byte in &run.alphabet {
            let next = run.step(&state, *byte);
            if run.is_open(&next) && seen.insert(next.clone()) {
                queue.push_back((next, Some(Rc::new(Trail { byte: *byte, before: trail.clone() }))));
            }
        }
    }
    None
}

/// The text that led to a state, last byte first.
struct Trail {
    byte: u8,
    before: Option<Rc<Trail>>,
}

fn spelled(mut trail: Option<Rc<Trail>>) -> String {
    let mut bytes = Vec::new();
    while let Some(step) = trail {
        bytes.push(step.byte);
        trail = step.before.clone();
    }
    bytes.reverse();
    String::from_utf8_lossy(&bytes).into_owned()
}

/// Where each glob stands: the positions its next token may have.
type State = Vec<BTreeSet<usize>>;

/// All globs of both sides side by side, and the bytes that can tell them apart.
struct Run<'a> {
    patterns: Vec<&'a Pattern>,
    /// Where in `patterns` the left includes, right includes and excludes end.
    left: usize,
    right: usize,
    alphabet: Vec<u8>,
}

impl<'a> Run<'a> {
    fn new(left: &'a Patterns, right: &'a Patterns) -> Self {
        // An exclude that is only roughly known must not hide a meeting.
        let excludes = left.exclude.iter().chain(&right.exclude).filter(|pattern| pattern.exact);
        let patterns: Vec<&Pattern> = left.include.iter().chain(&right.include).chain(excludes).collect();
        let literals: BTreeSet<u8> = patterns.iter().flat_map(|pattern| pattern.literals()).collect();
        let other = (b'a'..=b'z').rev().chain(0..=u8::MAX).find(|byte| !literals.contains(byte));
        Self {
            patterns,
            left: left.include.len(),
            right: left.include.len() + right.include.len(),
            alphabet: other.into_iter().chain(literals).collect(),
        }
    }

    fn start(&self) -> State {
        self.patterns.iter().map(|pattern| reached(pattern, BTreeSet::from([0]))).collect()
    }

    fn step(&self, state: &State, byte: u8) -> State {
        self.patterns.iter().zip(state).map(|(pattern, at)| stepped(pattern, at, byte)).collect()
    }

    fn matches(&self, state: &State, which: std::ops::Range<usize>) -> bool {
        which.into_iter().any(|index| state[index].contains(&self.patterns[index].tokens.len()))
    }

    fn both_match(&self, state: &State) -> bool {
        self.matches(state, 0..self.left)
            && self.matches(state, self.left..self.right)
            && !self.matches(state, self.right..self.patterns.len())
    }

    /// Whether both sides can still match.
    fn is_open(&self, state: &State) -> bool {
        let alive = |states: &[BTreeSet<usize>]| states.iter().any(|positions| !positions.is_empty());
        alive(&state[..self.left]) && alive(&state[self.left..self.right])
    }
}

/// The positions reached by one more byte.
fn stepped(pattern: &Pattern, at: &BTreeSet<usize>, byte: u8) -> BTreeSet<usize> {
    let next = at.iter().filter_map(|position| match pattern.tokens.get(*position)? {
        Token::Byte(own) => (*own == byte).then_some(position + 1),
        Token::AnyByte => Some(position + 1),
        Token::Star => Some(*position),
    });
    reached(pattern, next.collect())
}

/// Adds the positions reached by letting a `*` match nothing.
fn reached(pattern: &Pattern, mut at: BTreeSet<usize>) -> BTreeSet<usize> {
    for (position, token) in pattern.tokens.iter().enumerate() {
        if *token == Token::Star && at.contains(&position) {
            at.insert(position + 1);
        }
    }
    at
}
