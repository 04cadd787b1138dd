//! Marks: whose a key is, beside its value.

use secretferry::model::{ErrorKind, Revisions};
use secretferry::provider::{Entry, Expect};

use crate::ground::{Site, mark};
use crate::suite::{Verdict, applies, ensure, equal, needs};

cases! {
    "a mark written with a key is seen" => written,
    "a mark outlives updates" => constant,
    "a claim marks a key and leaves value, tags and revision" => claim,
    "a claim under a wrong expectation is refused" => claim_refused,
    "without a place for marks a claim is refused" => no_place,
    "a release takes our mark off and leaves value, tags and revision" => release,
    "a release leaves the mark of somebody else" => release_of_others,
    "a release under a wrong expectation is refused" => release_refused,
}

async fn seen(site: &Site, id: &str) -> Verdict {
    let looked = site.stat(&site.key(id)).await?;
    equal(&looked.and_then(|listed| listed.mark), &Some(mark(id)), "the mark")
}

async fn create_marked(site: &Site, id: &str) -> Verdict {
    let entry = Entry { mark: Some(mark(id)), ..site.entry("text") };
    site.store.write(&site.key(id), &entry, &Expect::Absent).await?;
    Ok(())
}

async fn written(site: &Site) -> Verdict {
    applies(site.can().marks.is_some(), "no place for marks")?;
    create_marked(site, "key").await?;
    seen(site, "key").await?;
    ensure(site.holds(&site.key("key"), "text").await?, "the mark changed the value")
}

async fn constant(site: &Site) -> Verdict {
    applies(site.can().marks.is_some(), "no place for marks")?;
    create_marked(site, "key").await?;
    site.put(&site.key("key"), "new").await?;
    seen(site, "key").await
}

async fn claim(site: &Site) -> Verdict {
    applies(site.can().marks.is_some(), "no place for marks")?;
    let key = site.key("key");
    site.put(&key, "text").await?;
    let before = site.as_it_is(&key).await?;
    let tagged = site.world.tag(&key, "team", "payments").await;
    let revision = site.store.claim(&key, &mark("key"), &before).await?;
    seen(site, "key").await?;
    ensure(site.holds(&key, "text").await?, "the claim changed the value")?;
    if site.can().revisions != Revisions::None {
        let looked = site.stat(&key).await?.and_then(|listed| listed.revision);
        equal(&looked, &Some(revision.clone()), "the revision the claim gave")?;
        equal(&Expect::At(revision), &before, "the revision after the claim")?;
    }
    if tagged.is_some() {
        let tags = needs(site.world.tags(&key).await, "see tags")?;
        ensure(tags.contains_key("team"), "the claim took a tag of somebody else away")?;
    }
    Ok(())
}

async fn claim_refused(site: &Site) -> Verdict {
    applies(site.can().marks.is_some(), "no place for marks")?;
    let key = site.key("key");
    site.put(&key, "old").await?;
    let old = site.as_it_is(&key).await?;
    site.put(&key, "new").await?;
    let refused = site.store.claim(&key, &mark("key"), &old).await;
    equal(&refused.err().map(|error| error.kind), &Some(ErrorKind::Conflict), "the claim")?;
    equal(&site.stat(&key).await?.and_then(|listed| listed.mark), &None, "the mark")
}

async fn no_place(site: &Site) -> Verdict {
    applies(site.can().marks.is_none(), "there is a place for marks")?;
    let key = site.key("key");
    site.put(&key, "text").await?;
    let refused = site.store.claim(&key, &mark("key"), &Expect::Anything).await;
    equal(&refused.err().map(|error| error.kind), &Some(ErrorKind::Unsupported), "the claim")
}

async fn release(site: &Site) -> Verdict {
    applies(site.can().marks.is_some(), "no place for marks")?;
    let key = site.key("key");
    create_marked(site, "key").await?;
    let tagged = site.world.tag(&key, "team", "payments").await;
    let before = site.as_it_is(&key).await?;
    let revision = site.store.release(&key, &mark("key"), &before).await?;
    equal(&site.stat(&key).await?.and_then(|listed| listed.mark), &None, "the mark")?;
    ensure(site.holds(&key, "text").await?, "the release changed the value")?;
    if site.can().revisions != Revisions::None {
        equal(&Expect::At(revision), &before, "the revision after the release")?;
    }
    if tagged.is_some() {
        let tags = needs(site.world.tags(&key).await, "see tags")?;
        ensure(tags.contains_key("team"), "the release took a tag of somebody else away")?;
    }
    // What is not marked any more needs no second release.
    site.store.release(&key, &mark("key"), &before).await.map(drop).map_err(Into::into)
}

async fn release_of_others(site: &Site) -> Verdict {
    applies(site.can().marks.is_some(), "no place for marks")?;
    let key = site.key("key");
    create_marked(site, "key").await?;
    let theirs = secretferry::model::Mark { job: "another".to_owned(), ..mark("key") };
    let before = site.as_it_is(&key).await?;
    site.store.release(&key, &theirs, &before).await?;
    seen(site, "key").await
}

async fn release_refused(site: &Site) -> Verdict {
    applies(site.can().marks.is_some(), "no place for marks")?;
    let key = site.key("key");
    create_marked(site, "key").await?;
    let old = site.as_it_is(&key).await?;
    site.put(&key, "new").await?;
    let refused = site.store.release(&key, &mark("key"), &old).await;
    equal(&refused.err().map(|error| error.kind), &Some(ErrorKind::Conflict), "the release")?;
    seen(site, "key").await
}
