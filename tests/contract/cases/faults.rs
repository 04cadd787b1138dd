//! Faults: what an error says, and what it must not say.

use secretferry::model::{Effect, ErrorKind, Family};
use secretferry::provider::Expect;
use secretferry::provider::layer::read_only;

use crate::ground::Site;
use crate::suite::{Stop, Verdict, ensure, equal, needs};

cases! {
    "a failed write without effect says so, and changes nothing" => without_effect,
    "a write whose answer is lost says that its effect is unknown" => lost,
    "a source cannot be changed" => source,
    "no error and no debug text holds a value" => silent,
}

async fn without_effect(site: &Site) -> Verdict {
    let key = site.key("key");
    needs(site.world.fail_next(Family::Write).await, "fail a write")?;
    match site.put(&key, "text").await {
        Ok(_) => Err(Stop::Failed("the failure was not told".into())),
        Err(error) => equal(&error.effect, &Effect::None, "the effect"),
    }?;
    equal(&site.stat(&key).await?, &None, "what is left of it")
}

async fn lost(site: &Site) -> Verdict {
    let key = site.key("key");
    needs(site.world.lose_next(Family::Write).await, "lose an answer")?;
    match site.put(&key, "text").await {
        Ok(_) => Err(Stop::Failed("the loss was not told".into())),
        Err(error) => equal(&error.effect, &Effect::Unknown, "the effect"),
    }?;
    ensure(site.holds(&key, "text").await?, "the write had no effect after all")
}

async fn source(site: &Site) -> Verdict {
    let key = site.key("key");
    let revision = site.put(&key, "text").await?;
    let source = read_only(site.store.clone());
    ensure(!source.capabilities().write, "a source says that it can be written")?;
    let refusals = [
        source.write(&key, &site.entry("new"), &Expect::Anything).await.err(),
        source.claim(&key, &crate::ground::mark("key"), &Expect::Anything).await.err(),
        source.delete(&key, &Expect::Anything).await.err(),
        source.restore(&key, &revision, &Expect::Anything).await.err(),
    ];
    for refusal in refusals {
        equal(&refusal.map(|error| error.kind), &Some(ErrorKind::Unsupported), "a change of a source")?;
    }
    ensure(site.holds(&key, "text").await?, "a source was changed")
}

async fn silent(site: &Site) -> Verdict {
    const CANARY: &str = "canary-5f1c";
    let key = site.key("key");
    site.put(&key, CANARY).await?;
    let refused = site.store.write(&key, &site.entry(CANARY), &Expect::Absent).await;
    let record = site.read(&key).await?;
    let said = format!("{refused:?} {:?} {record:?} {:?}", refused.as_ref().err().map(ToString::to_string), site.store);
    ensure(!said.contains(CANARY), "a value was said")
}
