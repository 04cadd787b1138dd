//! Writes: what was written is read, and nothing else changes.

use secretferry::model::Revisions;
use secretferry::provider::Expect;

use crate::ground::Site;
use crate::suite::{Verdict, applies, ensure, equal, needs};

cases! {
    "what was written is read" => round_trip,
    "values keep every character" => exact,
    "an update replaces the value and no other key's" => update,
    "a revision changes with a write and only then" => revision,
    "tags of somebody else are kept" => tags,
}

async fn round_trip(site: &Site) -> Verdict {
    let key = site.key("key");
    site.store.write(&key, &site.entry("text"), &Expect::Absent).await?;
    ensure(site.holds(&key, "text").await?, "something else was read")
}

async fn exact(site: &Site) -> Verdict {
    let texts = [
        " leading and trailing \n",
        "two\nlines\r\nand a tab\t",
        "\"quoted\"",
        "back\\slash",
        "Grüße, 世界, 🦀, e\u{301}",
        "{\"a\": 1.10}",
        "null",
        "***",
        "${HOME} {{ var }} %s",
    ];
    let carried = texts.into_iter().filter(|text| site.carries(text));
    for (number, text) in carried.enumerate() {
        let key = site.key(&format!("key_{number}"));
        site.put(&key, text).await?;
        ensure(site.holds(&key, text).await?, format!("value number {number} came back changed"))?;
    }
    Ok(())
}

async fn update(site: &Site) -> Verdict {
    let (key, other) = (site.key("key"), site.key("key_of_others"));
    site.put(&key, "old").await?;
    site.put(&other, "theirs").await?;
    let expect = site.as_it_is(&key).await?;
    site.store.write(&key, &site.entry("new"), &expect).await?;
    ensure(site.holds(&key, "new").await?, "the update is not read")?;
    ensure(site.holds(&other, "theirs").await?, "another key changed with it")
}

async fn revision(site: &Site) -> Verdict {
    applies(site.can().revisions != Revisions::None, "no revisions")?;
    let key = site.key("key");
    let first = site.put(&key, "text").await?;
    let seen = |listed: Option<secretferry::model::Listed>| listed.and_then(|listed| listed.revision);
    site.read(&key).await?;
    site.list().await?;
    site.put(&site.key("other"), "text").await?;
    equal(&seen(site.stat(&key).await?), &Some(first.clone()), "the revision after reads and another key's write")?;
    let second = site.put(&key, "other text").await?;
    ensure(first != second, "two versions have one revision")?;
    equal(&seen(site.stat(&key).await?), &Some(second), "the revision after a write")
}

async fn tags(site: &Site) -> Verdict {
    let key = site.key("key");
    site.put(&key, "old").await?;
    needs(site.world.tag(&key, "team", "payments").await, "tag a key")?;
    site.put(&key, "new").await?;
    let tags = needs(site.world.tags(&key).await, "see tags")?;
    equal(&tags.get("team").map(String::as_str), &Some("payments"), "the tag after an update")
}
