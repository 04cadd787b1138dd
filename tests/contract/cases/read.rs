//! Reads and looks: in order, every key for itself, and denied never absent.

use secretferry::model::{ErrorKind, Manager, Revisions, State};
use secretferry::provider::Content;

use crate::ground::Site;
use crate::suite::{Verdict, applies, ensure, equal, needs};

cases! {
    "an absent key is none, not an error" => absent,
    "answers come in the order of the keys" => order,
    "a full batch is answered" => batch,
    "a refused key is denied, never absent" => denied,
    "one key's fault leaves the others' answers alone" => alone,
    "a read says the revision that a look says" => revisions,
    "a key without a live value is there, and says nothing" => states,
}

async fn absent(site: &Site) -> Verdict {
    let key = site.key("nowhere");
    equal(&site.stat(&key).await?, &None, "a look at an absent key")?;
    ensure(site.read(&key).await?.is_none(), "an absent key was read")
}

async fn order(site: &Site) -> Verdict {
    let width = site.can().read_batch.min(6);
    for id in ["b", "a", "c"] {
        site.put(&site.key(id), id).await?;
    }
    let asked: Vec<_> = ["c", "nowhere", "a", "b", "a", "c"].into_iter().map(|id| site.key(id)).collect();
    for keys in asked.chunks(width) {
        let (read, looked) = (site.store.read(keys).await, site.store.stat(keys).await);
        ensure(read.len() == keys.len() && looked.len() == keys.len(), "another number of answers than keys")?;
        for ((key, record), listed) in keys.iter().zip(read).zip(looked) {
            let expected = (*key != site.key("nowhere")).then(|| key.clone());
            equal(&record?.map(|record| record.listed.key), &expected, "the key of a read")?;
            equal(&listed?.map(|listed| listed.key), &expected, "the key of a look")?;
        }
    }
    Ok(())
}

async fn batch(site: &Site) -> Verdict {
    let keys: Vec<_> = (0..site.can().read_batch.min(50)).map(|number| site.key(&format!("key_{number}"))).collect();
    for key in &keys {
        site.put(key, "text").await?;
    }
    for answer in site.store.read(&keys).await {
        ensure(answer?.is_some(), "a key of a full batch was not read")?;
    }
    for answer in site.store.stat(&keys).await {
        ensure(answer?.is_some(), "a key of a full batch was not seen")?;
    }
    Ok(())
}

async fn denied(site: &Site) -> Verdict {
    let key = site.key("locked");
    site.put(&key, "text").await?;
    needs(site.world.deny(&key).await, "refuse a key")?;
    match site.read(&key).await {
        Err(error) => equal(&error.kind, &ErrorKind::Denied, "the error of a refused key"),
        Ok(answer) => ensure(false, if answer.is_none() { "refused, and said to be absent" } else { "not refused" }),
    }
}

async fn alone(site: &Site) -> Verdict {
    applies(site.can().read_batch > 1, "a batch is one key")?;
    let keys: Vec<_> = ["first", "locked", "last"].into_iter().map(|id| site.key(id)).collect();
    for key in &keys {
        site.put(key, "text").await?;
    }
    needs(site.world.deny(&keys[1]).await, "refuse a key")?;
    let read = |answer: &secretferry::provider::Result<_>| answer.is_ok();
    let found: Vec<bool> = site.store.read(&keys).await.iter().map(read).collect();
    equal(&found, &vec![true, false, true], "which keys were read")
}

async fn revisions(site: &Site) -> Verdict {
    let key = site.key("key");
    let written = site.put(&key, "text").await?;
    let expected = (site.can().revisions != Revisions::None).then_some(written);
    equal(&site.stat(&key).await?.and_then(|listed| listed.revision), &expected, "the revision of a look")?;
    equal(&site.read(&key).await?.and_then(|record| record.listed.revision), &expected, "the revision of a read")
}

async fn states(site: &Site) -> Verdict {
    let states = [State::Empty, State::Deleted, State::Destroyed, State::Disabled, State::Managed(Manager::Service)];
    let mut changed = None;
    for (number, state) in states.into_iter().enumerate() {
        let key = site.key(&format!("key_{number}"));
        if state != State::Empty {
            site.put(&key, "text").await?;
        }
        if site.world.set_state(&key, state).await.is_none() {
            continue;
        }
        changed = Some(());
        let Some(record) = site.read(&key).await? else {
            return ensure(false, format!("a key that is {state:?} was said to be absent"));
        };
        equal(&record.listed.state, &state, "the state of a read")?;
        ensure(matches!(record.content, Content::Nothing), format!("a key that is {state:?} gave a value"))?;
        equal(&site.stat(&key).await?.map(|listed| listed.state), &Some(state), "the state of a look")?;
        let listed = site.list().await?.into_iter().find(|listed| listed.key == key).map(|listed| listed.state);
        // A listing that tells nothing of values tells nothing of their states.
        let names_only = site.can().revisions == Revisions::Deferred && listed == Some(State::Live);
        ensure(names_only || listed == Some(state), format!("a key that is {state:?} was listed as {listed:?}"))?;
    }
    needs(changed, "change the state of a key")
}
