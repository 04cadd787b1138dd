//! Answers in pages: each says where the next one is, to the last or not at all.

use std::collections::BTreeSet;
use std::future::Future;

use super::error::{Error, Result};

/// Asks for every page. `next` tells where the page after one is; one that leads back to a page that was there is `circular`.
pub async fn follow<P, F>(
    ask: impl Fn(Option<String>) -> F,
    next: impl Fn(&P) -> Option<String>,
    circular: impl FnOnce() -> Error,
) -> Result<Vec<P>>
where
    F: Future<Output = Result<P>>,
{
    let (mut pages, mut asked) = (Vec::new(), BTreeSet::new());
    let mut token = None;
    loop {
        let page = ask(token).await?;
        token = next(&page);
        pages.push(page);
        match &token {
            None => return Ok(pages),
            Some(next) if !asked.insert(next.clone()) => return Err(circular()),
            Some(_) => {}
        }
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test may stop at the first surprise")]

    use super::*;
    use crate::model::ErrorKind;

    /// Follows pages that are named by a letter; each says which letter comes next.
    async fn followed(pages: &str) -> Result<String> {
        let next_of = |token: Option<String>| {
            let place = token.map_or(0, |token| pages.find(&token).unwrap() + 1);
            pages[place..].chars().next()
        };
        let ask = |token: Option<String>| async move { Ok(next_of(token)) };
        let circular = || Error::new(ErrorKind::Unexpected, "list", "aws", "it goes round");
        let found = follow(ask, |page| page.map(|letter| letter.to_string()), circular).await?;
        Ok(found.into_iter().flatten().collect())
    }

    #[tokio::test]
    async fn every_page_is_there_or_none() {
        assert_eq!(followed("").await.unwrap(), "");
        assert_eq!(followed("abc").await.unwrap(), "abc");
        let error = followed("abcb").await.unwrap_err();
        assert_eq!(error.context, "it goes round");
    }
}
