//! Deletes and what can be brought back.

use secretferry::model::{Deletes, ErrorKind, RemoteKey, Revision, Revisions, State};
use secretferry::provider::{Content, Expect};

use crate::ground::Site;
use crate::suite::{Stop, Verdict, applies, ensure, equal};

cases! {
    "deleting an absent key succeeds" => absent,
    "a final delete leaves nothing, and the name is free" => gone,
    "a recoverable delete leaves the name, without a value" => soft,
    "a deleted key is brought back by its revision" => undelete,
    "a deleted key is written over where that is expected" => over,
    "an older version is brought back" => older,
    "what can be brought back is known beforehand" => kept,
    "without history nothing is brought back" => no_history,
}

async fn absent(site: &Site) -> Verdict {
    let key = site.key("nowhere");
    equal(&site.store.delete(&key, &Expect::Anything).await?, &None, "what is left of nothing")
}

async fn gone(site: &Site) -> Verdict {
    applies(site.can().deletes != Deletes::Recoverable, "deletes are recoverable")?;
    let (key, other) = (site.key("key"), site.key("other"));
    site.put(&key, "text").await?;
    site.put(&other, "theirs").await?;
    let expect = site.as_it_is(&key).await?;
    equal(&site.store.delete(&key, &expect).await?, &None, "what is left")?;
    equal(&site.store.delete(&key, &expect).await?, &None, "what a second delete leaves")?;
    equal(&site.stat(&key).await?, &None, "a look at the deleted key")?;
    equal(&site.list().await?.len(), &1, "how many keys are left")?;
    site.store.write(&key, &site.entry("again"), &Expect::Absent).await?;
    ensure(site.holds(&key, "again").await? && site.holds(&other, "theirs").await?, "another value is read")
}

async fn soft(site: &Site) -> Verdict {
    applies(site.can().deletes == Deletes::Recoverable, "deletes are final")?;
    let key = site.key("key");
    site.put(&key, "text").await?;
    let expect = site.as_it_is(&key).await?;
    let left = site.store.delete(&key, &expect).await?;
    ensure(left.is_some(), "the delete does not say what it left")?;
    let record = site.read(&key).await?;
    ensure(record.is_some_and(|record| matches!(record.content, Content::Nothing)), "a deleted key was read")?;
    let looked = site.stat(&key).await?;
    equal(&looked.map(|listed| (listed.state, listed.revision)), &Some((State::Deleted, left)), "a look")?;
    let listed = site.list().await?.into_iter().find(|listed| listed.key == key);
    let listed = listed.map(|listed| listed.state);
    // A listing of names only (Vault) has them all as live: there a look at the key tells.
    let names_only = site.can().revisions == Revisions::Stat && listed == Some(State::Live);
    ensure(names_only || listed == Some(State::Deleted), format!("the listed state: {listed:?}"))
}

async fn undelete(site: &Site) -> Verdict {
    applies(site.can().history, "no history")?;
    applies(site.can().deletes == Deletes::Recoverable, "deletes are final")?;
    let key = site.key("key");
    let written = site.put(&key, "text").await?;
    let left = site.store.delete(&key, &Expect::At(written.clone())).await?.unwrap_or(written.clone());
    site.store.restore(&key, &written, &Expect::Deleted(left)).await?;
    ensure(site.holds(&key, "text").await?, "another value is read")?;
    equal(&site.stat(&key).await?.map(|listed| listed.state), &Some(State::Live), "the state")
}

async fn over(site: &Site) -> Verdict {
    applies(site.can().deletes == Deletes::Recoverable, "deletes are final")?;
    let key = site.key("key");
    let written = site.put(&key, "old").await?;
    let left = site.store.delete(&key, &Expect::Anything).await?.unwrap_or(written);
    let refused = site.store.write(&key, &site.entry("new"), &Expect::Absent).await;
    let kind = refused.err().map(|error| error.kind);
    equal(&kind, &Some(ErrorKind::Conflict), "a create over a deleted key")?;
    site.store.write(&key, &site.entry("new"), &Expect::Deleted(left)).await?;
    ensure(site.holds(&key, "new").await?, "another value is read")
}

async fn older(site: &Site) -> Verdict {
    applies(site.can().history, "no history")?;
    let key = site.key("key");
    let old = site.put(&key, "old").await?;
    let new = site.put(&key, "new").await?;
    let restored = site.store.restore(&key, &old, &Expect::At(new.clone())).await?;
    ensure(restored != new, "the restored version has the replaced one's revision")?;
    ensure(site.holds(&key, "old").await?, "another value is read")
}

async fn kept(site: &Site) -> Verdict {
    applies(site.can().history, "no history")?;
    let (key, nowhere) = (site.key("key"), site.key("nowhere"));
    let old = site.put(&key, "old").await?;
    let new = site.put(&key, "new").await?;
    let asked = [(key.clone(), old), (nowhere, new.clone()), (key.clone(), new.clone())];
    equal(&kept_of(site, &asked).await?, &vec![true, false, true], "an older, an absent key's, the current version")?;
    site.store.delete(&key, &Expect::At(new.clone())).await?;
    let comes_back = site.can().deletes != Deletes::Total;
    equal(&kept_of(site, &[(key, new)]).await?, &vec![comes_back], "a deleted version")
}

async fn kept_of(site: &Site, versions: &[(RemoteKey, Revision)]) -> Result<Vec<bool>, Stop> {
    let mut kept = Vec::new();
    for batch in versions.chunks(site.can().read_batch) {
        for answer in site.store.keeps(batch).await {
            kept.push(answer?);
        }
    }
    Ok(kept)
}

async fn no_history(site: &Site) -> Verdict {
    applies(!site.can().history, "there is history")?;
    let key = site.key("key");
    let revision = site.put(&key, "text").await?;
    let refused = site.store.restore(&key, &revision, &Expect::Anything).await;
    equal(&refused.err().map(|error| error.kind), &Some(ErrorKind::Unsupported), "a restore")?;
    equal(&kept_of(site, &[(key, revision)]).await?, &vec![false], "a version that would be kept")
}
