//! Troubles of networks and services, whatever the store: no shorter listing, no key taken for absent, nothing done twice.

use secretferry::model::{Effect, ErrorKind, Family, State};
use secretferry::provider::{Content, Error, Expect};

use crate::fakes::fault::Fault;
use crate::ground::Site;
use crate::suite::{Verdict, applies, ensure, equal, needs};

/// More keys than any service puts on one page.
const PAGES: usize = 120;

cases! {
    "a request that fails in passing is made again, or told" => passing,
    "a write whose answer is lost is made once, or told as unknown" => lost,
    "a page that is torn makes no shorter listing" => torn,
    "a page that names itself as the next is an error" => circular,
    "a value that cannot be decrypted is not absent, and harms no other" => sealed,
    "a listing that lags says nothing of a key that is looked at" => lagging,
}

async fn passing(site: &Site) -> Verdict {
    let there = site.key("there");
    site.put(&there, "text").await?;
    for fault in Fault::WITHOUT_EFFECT {
        let told = |error: Error| {
            let passing = matches!(error.kind, ErrorKind::RateLimited | ErrorKind::Unavailable);
            // Only whoever throttles says for certain that nothing happened.
            let certain = fault != Fault::Throttled || error.effect == Effect::None;
            ensure(passing && certain, format!("{fault:?} was told as {error:?}"))
        };
        cause(site, Family::List, fault).await?;
        match site.list().await {
            Ok(listed) => ensure(listed.iter().any(|listed| listed.key == there), "a shorter listing"),
            Err(error) => told(error),
        }?;
        cause(site, Family::Read, fault).await?;
        match site.read(&there).await {
            Ok(record) => ensure(record.is_some(), "a key that is there was not read"),
            Err(error) => told(error),
        }?;
        cause(site, Family::Write, fault).await?;
        let key = site.key(&format!("after_{fault:?}"));
        match site.put(&key, "text").await {
            Ok(_) => ensure(site.holds(&key, "text").await?, "what was written is not there"),
            Err(error) => {
                told(error)?;
                equal(&site.stat(&key).await?, &None, "what is left of a write that failed")
            }
        }?;
    }
    Ok(())
}

async fn lost(site: &Site) -> Verdict {
    for fault in Fault::OF_UNKNOWN_EFFECT {
        let key = site.key(&format!("key_{fault:?}"));
        let old = site.put(&key, "old").await?;
        cause(site, Family::Write, fault).await?;
        let expect = site.as_it_is(&key).await?;
        match site.store.write(&key, &site.entry("new"), &expect).await {
            Ok(revision) => {
                let seen = site.stat(&key).await?.and_then(|listed| listed.revision);
                ensure(seen.is_none_or(|seen| seen == revision), "the answer has another revision than the key")?;
                ensure(revision != old, "the revision stayed as it was")
            }
            Err(error) => equal(&error.effect, &Effect::Unknown, "the effect"),
        }?;
        ensure(site.holds(&key, "new").await?, format!("{fault:?}: the write had no effect after all"))?;
    }
    Ok(())
}

async fn torn(site: &Site) -> Verdict {
    for number in 0..25 {
        site.put(&site.key(&format!("key_{number}")), "text").await?;
    }
    cause(site, Family::List, Fault::Torn).await?;
    match site.list().await {
        Ok(listed) => equal(&listed.len(), &25, "how many are listed"),
        Err(error) => equal(&error.kind, &ErrorKind::Unavailable, "the error of a torn page"),
    }
}

async fn circular(site: &Site) -> Verdict {
    for number in 0..PAGES {
        site.put(&site.key(&format!("key_{number:03}")), "text").await?;
    }
    cause(site, Family::List, Fault::Circular).await?;
    ensure(site.list().await.is_err(), "a listing that went in circles was given as a whole one")?;
    equal(&site.list().await?.len(), &PAGES, "the next listing")
}

async fn sealed(site: &Site) -> Verdict {
    let ids = if site.can().read_batch > 1 { vec!["first", "sealed", "last"] } else { vec!["sealed"] };
    let keys: Vec<_> = ids.iter().map(|id| site.key(id)).collect();
    for key in &keys {
        site.put(key, "text").await?;
    }
    needs(site.world.seal(&site.key("sealed")).await, "make a value impossible to decrypt")?;
    for (id, answer) in ids.iter().zip(site.store.read(&keys).await) {
        let content = match answer {
            Ok(Some(record)) => Some(record.content),
            Ok(None) => return ensure(false, format!("{id} was said to be absent")),
            Err(_) => None,
        };
        let is_read = matches!(content, Some(Content::Value(_)));
        ensure(is_read == (*id != "sealed"), format!("{id} was read, or not, against what is true"))?;
        ensure(!matches!(content, Some(Content::Nothing)), format!("{id} was said to hold nothing"))?;
    }
    Ok(())
}

async fn lagging(site: &Site) -> Verdict {
    applies(!site.can().listing_lag.is_zero(), "listings are never behind")?;
    let (gone, new) = (site.key("gone"), site.key("new"));
    site.put(&gone, "text").await?;
    needs(site.world.lag().await, "hold a listing back")?;
    site.put(&new, "text").await?;
    site.store.delete(&gone, &Expect::Anything).await?;
    let looked = site.stat(&gone).await?.map(|listed| listed.state);
    ensure(matches!(looked, None | Some(State::Deleted)), "a deleted key was seen alive")?;
    ensure(site.stat(&new).await?.is_some(), "a new key was not seen")?;
    ensure(site.holds(&new, "text").await?, "a new key was not read")
}

async fn cause(site: &Site, family: Family, fault: Fault) -> Verdict {
    needs(site.world.cause(family, fault).await, "cause trouble")
}
