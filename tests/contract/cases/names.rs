//! Names: whatever the store's rule allows is written, listed and read under that very name.

use std::collections::BTreeSet;

use secretferry::model::RemoteKey;
use secretferry::naming::Charset;

use crate::ground::Site;
use crate::suite::{Verdict, ensure, equal};

cases! {
    "every name the rule allows keeps its spelling" => nasty,
}

const NASTY: &[&str] = &[
    "plain",
    "UPPER",
    "upper",
    "with-dash",
    "with_underscore",
    "with.dot",
    "with space",
    "with:colon",
    "with#hash",
    "with%20percent",
    "with%2Fslash",
    "with+plus",
    "with?question=mark&more",
    "with\"quote",
    "with\\backslash",
    "(with)!parentheses",
    "folder/inside",
    "ünïcödé",
    "u\u{308}nïcödé",
    "名前",
    "🦀",
    "..",
    "a/../b",
    "double//slash",
    " surrounded ",
    "two\nlines",
    "null",
];

fn allowed(site: &Site, key: &RemoteKey) -> bool {
    let rule = site.store.rule();
    let text = key.as_str();
    let path = || {
        let segment = |segment: &str| !matches!(segment, "" | "." | "..");
        text.split('/').all(segment) && !text.chars().any(char::is_control)
    };
    let equals = || !text.contains(['=', '\n']);
    let charset = match rule.charset {
        Charset::Any => true,
        Charset::Path => path(),
        Charset::Line => equals(),
        Charset::Word => equals() && !text.contains(char::is_whitespace),
        Charset::AwsSecret => text.chars().all(|letter| letter.is_ascii_alphanumeric() || "/_+=.@-".contains(letter)),
        Charset::AwsParameter => {
            let levels = text.trim_start_matches('/').split('/');
            text.chars().all(|letter| letter.is_ascii_alphanumeric() || "_.-/".contains(letter))
                && levels.clone().all(|level| !level.is_empty())
                && levels.count() <= 15
        }
        Charset::KeyVault => text.chars().all(|letter| letter.is_ascii_alphanumeric() || letter == '-'),
        Charset::SecretManager => text.chars().all(|letter| letter.is_ascii_alphanumeric() || "-_".contains(letter)),
        Charset::Dotenv => text.chars().all(|letter| letter.is_alphanumeric() || "_.-".contains(letter)),
    };
    rule.max_length.is_none_or(|length| text.len() <= length) && charset
}

async fn nasty(site: &Site) -> Verdict {
    let mut folded = BTreeSet::new();
    let keys = NASTY.iter().map(|id| site.key(id)).filter(|key| allowed(site, key));
    let keys: Vec<_> = keys.filter(|key| folded.insert(site.store.rule().folded(key))).collect();
    for (number, key) in keys.iter().enumerate() {
        site.put(key, &number.to_string()).await?;
    }
    for (number, key) in keys.iter().enumerate() {
        ensure(site.holds(key, &number.to_string()).await?, format!("{key:?} holds another key's value"))?;
    }
    let listed: BTreeSet<_> = site.list().await?.into_iter().map(|listed| listed.key).collect();
    equal(&listed, &keys.into_iter().collect(), "the listing")
}
