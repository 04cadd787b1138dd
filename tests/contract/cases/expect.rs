//! Expectations: a change is made only while the store is as it was planned against.

use futures::future::join_all;
use secretferry::model::{Compare, Deletes, Effect, ErrorKind, RemoteKey, Revisions};
use secretferry::provider::{Error, Expect};

use crate::ground::Site;
use crate::suite::{Verdict, applies, ensure, equal};

cases! {
    "a create meets a key that is there: conflict" => absent,
    "an update meets another revision: conflict" => at,
    "an update meets another value: conflict" => holding,
    "an update meets no key: conflict" => gone,
    "a change expected on a deleted key meets a live one: conflict" => deleted,
    "a delete meets another state: conflict, and the key stays" => delete,
    "of many updates at once exactly one wins" => one_update,
    "of many creates at once exactly one wins" => one_create,
}

/// A refused change is a conflict without effect.
fn refused<T>(answer: Result<T, Error>) -> Verdict {
    match answer {
        Ok(_) => ensure(false, "the change was made"),
        Err(error) => equal(&(error.kind, error.effect), &(ErrorKind::Conflict, Effect::None), "the refusal"),
    }
}

/// Expects `expect` to be refused for a write, and the key to hold `text` afterwards.
async fn write_refused(site: &Site, key: &RemoteKey, expect: &Expect, text: &str) -> Verdict {
    refused(site.store.write(key, &site.entry("intruder"), expect).await)?;
    ensure(site.holds(key, text).await?, "a refused write changed the value")
}

async fn absent(site: &Site) -> Verdict {
    let key = site.key("key");
    site.put(&key, "text").await?;
    write_refused(site, &key, &Expect::Absent, "text").await
}

async fn at(site: &Site) -> Verdict {
    applies(site.can().revisions != Revisions::None, "no revisions")?;
    let key = site.key("key");
    let old = site.put(&key, "old").await?;
    let new = site.put(&key, "new").await?;
    write_refused(site, &key, &Expect::At(old), "new").await?;
    site.store.write(&key, &site.entry("newest"), &Expect::At(new)).await?;
    ensure(site.holds(&key, "newest").await?, "the right revision was not enough")
}

async fn holding(site: &Site) -> Verdict {
    applies(site.can().revisions == Revisions::None, "there are revisions to compare")?;
    let key = site.key("key");
    site.put(&key, "text").await?;
    write_refused(site, &key, &Expect::Holding(site.text("other")), "text").await?;
    site.store.write(&key, &site.entry("new"), &Expect::Holding(site.text("text"))).await?;
    ensure(site.holds(&key, "new").await?, "the right value was not enough")
}

async fn gone(site: &Site) -> Verdict {
    let (key, other) = (site.key("key"), site.key("other"));
    site.put(&other, "text").await?;
    let expect = site.as_it_is(&other).await?;
    refused(site.store.write(&key, &site.entry("text"), &expect).await)?;
    ensure(site.stat(&key).await?.is_none(), "a refused update created the key")
}

async fn deleted(site: &Site) -> Verdict {
    applies(site.can().deletes == Deletes::Recoverable, "deletes are final")?;
    let key = site.key("key");
    let revision = site.put(&key, "text").await?;
    write_refused(site, &key, &Expect::Deleted(revision), "text").await
}

async fn delete(site: &Site) -> Verdict {
    let key = site.key("key");
    site.put(&key, "old").await?;
    let old = site.as_it_is(&key).await?;
    site.put(&key, "new").await?;
    refused(site.store.delete(&key, &old).await)?;
    refused(site.store.delete(&key, &Expect::Absent).await)?;
    ensure(site.holds(&key, "new").await?, "a refused delete changed the key")
}

/// Lets eight writers write under one expectation; gives how many won, and checks that the last word is theirs.
async fn race(site: &Site, key: &RemoteKey, expect: &Expect) -> Verdict {
    let entries: Vec<_> = (0..8).map(|number| site.entry(&format!("writer {number}"))).collect();
    let answers = join_all(entries.iter().map(|entry| site.store.write(key, entry, expect))).await;
    let winners: Vec<usize> = (0..8).filter(|number| answers[*number].is_ok()).collect();
    equal(&winners.len(), &1, "how many of eight writers won")?;
    for answer in answers.into_iter().filter(Result::is_err) {
        refused(answer)?;
    }
    ensure(site.holds(key, &format!("writer {}", winners[0])).await?, "the value is not the winner's")
}

async fn one_update(site: &Site) -> Verdict {
    applies(site.can().compare == Compare::Set, "no compare-and-set")?;
    let key = site.key("key");
    site.put(&key, "text").await?;
    let expect = site.as_it_is(&key).await?;
    race(site, &key, &expect).await
}

async fn one_create(site: &Site) -> Verdict {
    applies(site.can().compare != Compare::None, "creates are not guarded")?;
    race(site, &site.key("key"), &Expect::Absent).await
}
