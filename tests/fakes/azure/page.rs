//! Pages: at most 25 items, and the address of the page that follows, with a token that means something to the vault alone.
//!
//! <https://learn.microsoft.com/rest/api/keyvault/secrets/get-secrets/get-secrets>.

use std::ops::Bound;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};

use super::asked::Query;
use super::refusal::Refused;

/// The most that a page may hold, and what it holds where nothing is asked for.
const MOST: usize = 25;

/// A page that is asked for.
pub struct Page<'a> {
    size: usize,
    room: usize,
    version: &'a str,
    after: Option<String>,
}

impl<'a> Page<'a> {
    /// The page that a query is for.
    pub fn of(query: &'a Query) -> Result<Self, Refused> {
        let is_legal = |size: &usize| (1..=MOST).contains(size);
        let size = match query.get("maxresults") {
            None => Some(MOST),
            Some(text) => text.parse().ok().filter(is_legal),
        };
        let size =
            size.ok_or_else(|| Refused::bad(format!("The value of maxresults must be between 1 and {MOST}.")))?;
        let after = query.get("$skiptoken").map(unsealed).transpose()?;
        Ok(Self { size, room: size, version: query.get("api-version").unwrap_or_default(), after })
    }

    /// Whether it is the first one.
    pub const fn is_first(&self) -> bool {
        self.after.is_none()
    }

    /// Where it begins.
    pub fn start(&self) -> Bound<&str> {
        self.after.as_deref().map_or(Bound::Unbounded, Bound::Excluded)
    }

    /// Lets it hold nothing.
    pub const fn emptied(mut self) -> Self {
        self.room = 0;
        self
    }

    /// The page, filled with what begins where it does, in the order of keys; `path` is what follows the next one's address.
    pub fn filled<'k, T>(
        &self,
        items: impl Iterator<Item = (&'k str, T)>,
        render: impl Fn(T) -> Value,
        path: &str,
    ) -> Value {
        let mut items = items.peekable();
        let (mut shown, mut last) = (Vec::new(), self.after.as_deref().unwrap_or_default());
        while shown.len() < self.room {
            let Some((key, item)) = items.next() else { break };
            shown.push(render(item));
            last = key;
        }
        let next = items.peek().map(|_| {
            let token = URL_SAFE_NO_PAD.encode(format!("after:{last}"));
            format!("{path}?api-version={}&$skiptoken={token}&maxresults={}", self.version, self.size)
        });
        json!({"value": shown, "nextLink": next})
    }
}

fn unsealed(token: &str) -> Result<String, Refused> {
    let bytes = URL_SAFE_NO_PAD.decode(token).ok();
    let text = bytes.and_then(|bytes| String::from_utf8(bytes).ok());
    let after = text.and_then(|text| text.strip_prefix("after:").map(str::to_owned));
    after.ok_or_else(|| Refused::bad("The skip token is invalid."))
}
