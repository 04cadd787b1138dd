//! Limits: refused before anything changes, and in words a caller can decide by.

use secretferry::model::{Effect, ErrorKind};
use secretferry::provider::Expect;

use crate::ground::Site;
use crate::suite::{Verdict, applies, ensure, equal};

cases! {
    "a value beyond the limit is too large, and nothing is written" => too_large,
    "a value at the limit is written" => largest,
    "an empty value is stored, or refused" => empty,
    "a value with double braces is stored, or refused" => braces,
}

/// A limit that is reasonable to try.
fn limit(site: &Site) -> Option<usize> {
    site.can().max_value.filter(|limit| *limit <= 1 << 20)
}

async fn too_large(site: &Site) -> Verdict {
    applies(limit(site).is_some(), "no limit to try")?;
    let key = site.key("key");
    let large = "x".repeat(limit(site).unwrap_or_default() + 1);
    match site.store.write(&key, &site.entry(&large), &Expect::Absent).await {
        Ok(_) => ensure(false, "a value beyond the limit was written")?,
        Err(error) => equal(&(error.kind, error.effect), &(ErrorKind::TooLarge, Effect::None), "the refusal")?,
    }
    equal(&site.stat(&key).await?, &None, "what is left of it")
}

async fn largest(site: &Site) -> Verdict {
    applies(limit(site).is_some(), "no limit to try")?;
    let wrapping = site.text("").expose().len();
    let large = "x".repeat(limit(site).unwrap_or_default() - wrapping);
    site.put(&site.key("key"), &large).await?;
    ensure(site.holds(&site.key("key"), &large).await?, "it came back changed")
}

async fn empty(site: &Site) -> Verdict {
    let key = site.key("key");
    let written = site.store.write(&key, &site.entry(""), &Expect::Absent).await;
    if site.can().empty_values {
        written?;
        return ensure(site.holds(&key, "").await?, "it came back changed");
    }
    equal(&written.err().map(|error| error.kind), &Some(ErrorKind::Invalid), "an empty value")?;
    equal(&site.stat(&key).await?, &None, "what is left of it")
}

async fn braces(site: &Site) -> Verdict {
    let key = site.key("key");
    let text = "run on {{ ds }}";
    let written = site.store.write(&key, &site.entry(text), &Expect::Absent).await;
    if site.can().double_braces {
        written?;
        return ensure(site.holds(&key, text).await?, "it came back changed");
    }
    equal(&written.err().map(|error| error.kind), &Some(ErrorKind::Invalid), "a value with double braces")?;
    equal(&site.stat(&key).await?, &None, "what is left of it")
}
