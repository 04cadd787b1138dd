//! Listings: complete, or none at all.

use std::collections::BTreeSet;

use secretferry::model::{Family, Kind, Revisions, Scope, State};
use secretferry::provider::Expect;

use crate::ground::{Site, entry};
use crate::suite::{Verdict, ensure, equal, needs};

cases! {
    "an empty store lists nothing" => empty,
    "a listing has every key once, and nothing else" => complete,
    "a listing holds the kinds asked for only" => scoped,
    "a listing says the revision where it is said to" => revisions,
    "a listing that breaks off is an error, not a shorter one" => broken,
}

async fn empty(site: &Site) -> Verdict {
    equal(&site.list().await?, &Vec::new(), "an empty store")
}

async fn complete(site: &Site) -> Verdict {
    let keys: BTreeSet<_> = (0..25).map(|number| site.key(&format!("key_{number:02}"))).collect();
    for key in &keys {
        site.put(key, "text").await?;
    }
    let listed = site.list().await?;
    ensure(listed.iter().all(|listed| listed.state == State::Live), "a written key is not listed as live")?;
    equal(&listed.len(), &keys.len(), "how many are listed")?;
    equal(&listed.into_iter().map(|listed| listed.key).collect(), &keys, "the listing")
}

async fn scoped(site: &Site) -> Verdict {
    let variable = site.key("same_id");
    site.put(&variable, "text").await?;
    let connection = site.key_of(Kind::Connection, "same_id");
    let written = entry(Kind::Connection, site.connection_text());
    site.store.write(&connection, &written, &Expect::Absent).await?;
    for (kind, key) in [(Kind::Variable, variable), (Kind::Connection, connection)] {
        let listed = site.store.list(&Scope { kinds: vec![kind] }).await?;
        equal(&listed.into_iter().map(|listed| listed.key).collect::<Vec<_>>(), &vec![key], kind.plural())?;
    }
    equal(&site.store.list(&Scope { kinds: Vec::new() }).await?, &Vec::new(), "no kinds")
}

async fn revisions(site: &Site) -> Verdict {
    let key = site.key("key");
    let written = site.put(&key, "text").await?;
    let listed = site.list().await?.pop().and_then(|listed| listed.revision);
    let expected = (site.can().revisions == Revisions::Listing).then_some(written);
    equal(&listed, &expected, "the listed revision")
}

async fn broken(site: &Site) -> Verdict {
    site.put(&site.key("key"), "text").await?;
    needs(site.world.fail_next(Family::List).await, "break a listing off")?;
    ensure(site.list().await.is_err(), "a broken listing was given as a whole one")?;
    equal(&site.list().await?.len(), &1, "the next listing")
}
