//! Parameter Store on the strict stand-in: what moto never does, and what moto lets pass.

use std::collections::BTreeMap;

use futures::future::join_all;
use secretferry::model::{Effect, ErrorKind, Family, Kind, RemoteKey, Scope};
use secretferry::provider::{Content, Expect, Role, Store};

use crate::fakes::aws::{Aws, Trouble};
use crate::fakes::fault::{Aim, Fault};
use crate::fakes::server::Fake;
use crate::parameter_store::{entry, everything, refusal, revision, store_at, variable};

async fn store(fake: &Fake<Aws>, more: &str) -> Store {
    let store = store_at(&fake.address, "AKIATEST", Role::Target, more).await;
    fake.counts();
    store
}

fn calls(counts: &BTreeMap<String, u64>) -> Vec<(&str, u64)> {
    counts.iter().map(|(name, count)| (name.strip_prefix("AmazonSSM.").unwrap(), *count)).collect()
}

fn text(fake: &Fake<Aws>, key: &RemoteKey) -> Option<String> {
    fake.with(|aws| aws.parameters.text(key.as_str()).map(str::to_owned))
}

#[tokio::test]
async fn one_keys_trouble_leaves_the_rest_of_its_batch_alone() {
    let fake = Aws::start();
    let keys: Vec<_> = (0..10).map(|number| variable(&format!("key_{number}"))).collect();
    fake.with(|aws| {
        keys[..8].iter().for_each(|key| aws.parameters.put(key.as_str(), "x"));
        aws.parameters.trouble(keys[2].as_str(), Trouble::Denied);
        aws.parameters.trouble(keys[5].as_str(), Trouble::Undecryptable);
    });
    let store = store(&fake, "").await;
    for (number, answer) in store.read(&keys).await.into_iter().enumerate() {
        match (number, answer) {
            (2 | 5, Err(error)) => {
                assert_eq!((error.kind, error.key.as_ref()), (ErrorKind::Denied, Some(&keys[number])));
                assert!(error.remedy.is_some(), "{error}");
            }
            (8 | 9, Ok(None)) => {}
            (_, Ok(Some(record))) => assert!(matches!(record.content, Content::Value(_))),
            (_, answer) => panic!("{number}: {:?}", answer.map(drop)),
        }
    }
    // Once together, then each alone; a mark is looked for where a value was found.
    assert_eq!(calls(&fake.counts()), [("GetParameters", 11), ("ListTagsForResource", 6)]);
}

#[tokio::test]
async fn a_login_that_is_dead_is_not_asked_once_a_key() {
    let fake = Aws::start();
    let store = store_at(&fake.address, "EXPIRED", Role::Target, "").await;
    fake.counts();
    let keys: Vec<_> = (0..10).map(|number| variable(&format!("key_{number}"))).collect();
    for answer in store.read(&keys).await {
        assert_eq!(answer.err().map(|error| error.kind), Some(ErrorKind::Denied));
    }
    assert_eq!(fake.counts().values().sum::<u64>(), 1);
}

#[tokio::test]
async fn a_listing_of_many_pages_is_whole_and_one_that_goes_round_is_none() {
    let fake = Aws::start();
    fake.with(|aws| {
        // Pages are cut before the paths are looked at: those in between are empty.
        (0..400).for_each(|number| aws.parameters.put(&format!("/between/{number:03}"), "x"));
        (0..120).for_each(|number| aws.parameters.put(&format!("/airflow/connections/{number:03}"), "x"));
        (0..120).for_each(|number| aws.parameters.put(&format!("/zone/variables/{number:03}"), "x"));
    });
    let store = store(&fake, r#"variables-prefix = "/zone/variables""#).await;
    let listed = store.list(&everything()).await.unwrap();
    assert_eq!(listed.len(), 240);
    assert_eq!(calls(&fake.counts()), [("DescribeParameters", 13)]);
    let connections = store.list(&Scope { kinds: vec![Kind::Connection] }).await.unwrap();
    assert_eq!(connections.len(), 120);
    fake.fail(Family::List, Fault::Circular);
    let error = store.list(&everything()).await.unwrap_err();
    assert!(error.to_string().contains("would never end"), "{error}");
}

#[tokio::test]
async fn a_throttle_is_tried_again_and_what_may_have_been_done_is_not() {
    for fault in Fault::WITHOUT_EFFECT {
        let fake = Aws::start();
        let store = store(&fake, "").await;
        let key = variable("a");
        fake.fail(Family::Write, fault);
        let written = store.write(&key, &entry("x"), &Expect::Absent).await;
        if fault == Fault::Throttled {
            assert_eq!(written.unwrap(), revision(&store, &key).await, "{fault:?}");
            assert_eq!(text(&fake, &key).as_deref(), Some("x"));
        } else {
            // AWS does not say that nothing happened: a put that may have been done is not put again.
            assert_eq!(written.unwrap_err().effect, Effect::Unknown, "{fault:?}");
            assert_eq!(text(&fake, &key), None);
        }
    }
}

#[tokio::test]
async fn a_lost_answer_is_told_and_nothing_is_written_twice() {
    for fault in Fault::OF_UNKNOWN_EFFECT {
        let fake = Aws::start();
        let store = store(&fake, r#"timeout = "500ms""#).await;
        let key = variable("a");
        fake.fail(Family::Write, fault);
        let (_, effect, _) = refusal(store.write(&key, &entry("x"), &Expect::Absent).await);
        assert_eq!(effect, Effect::Unknown, "{fault:?}");
        assert_eq!(fake.counts()["AmazonSSM.PutParameter"], 1, "{fault:?}");
        assert_eq!(text(&fake, &key).as_deref(), Some("x"));
    }
}

#[tokio::test]
async fn a_mark_that_cannot_be_put_after_an_overwrite_leaves_the_effect_open() {
    let fake = Aws::start();
    let key = variable("theirs");
    fake.with(|aws| aws.parameters.put(key.as_str(), "old"));
    let store = store(&fake, "").await;
    let at = Expect::At(revision(&store, &key).await);
    fake.fail_often(Aim::Operation("AmazonSSM.AddTagsToResource".to_owned()), 20, Fault::Broken);
    let (_, effect, _) = refusal(store.write(&key, &entry("new"), &at).await);
    assert_eq!((effect, text(&fake, &key).as_deref()), (Effect::Unknown, Some("new")));
}

#[tokio::test]
async fn an_overwrite_keeps_key_tier_and_description() {
    let fake = Aws::start();
    let key = variable("theirs");
    fake.with(|aws| {
        aws.parameters.put(key.as_str(), "old");
        let version = aws.parameters.parameter(key.as_str()).unwrap().versions.last_mut().unwrap();
        version.key = Some("alias/theirs".to_owned());
        version.tier = "Advanced".to_owned();
        version.description = Some("do not touch".to_owned());
    });
    let as_it_is = |fake: &Fake<Aws>| {
        let parameter = |aws: &mut Aws| {
            let latest = aws.parameters.parameter(key.as_str()).unwrap().latest().clone();
            [latest.value, latest.key.unwrap(), latest.tier, latest.description.unwrap_or_default()]
        };
        fake.with(parameter)
    };
    let plain = store(&fake, "").await;
    let old = revision(&plain, &key).await;
    let new = plain.write(&key, &entry("new"), &Expect::At(old.clone())).await.unwrap();
    assert_eq!(as_it_is(&fake), ["new", "alias/theirs", "Advanced", "do not touch"]);
    plain.restore(&key, &old, &Expect::At(new)).await.unwrap();
    assert_eq!(as_it_is(&fake), ["old", "alias/theirs", "Advanced", "do not touch"]);
    let keyed = store(&fake, r#"kms-key-id = "alias/ours""#).await;
    let at = Expect::At(revision(&keyed, &key).await);
    keyed.write(&key, &entry("newest"), &at).await.unwrap();
    assert_eq!(as_it_is(&fake), ["newest", "alias/ours", "Advanced", "do not touch"]);
}

#[tokio::test]
async fn quotas_and_keys_are_explained() {
    let fake = Aws::start();
    fake.with(|aws| aws.parameters.most = Some(0));
    let full = store(&fake, "").await;
    let (_, effect, said) = refusal(full.write(&variable("a"), &entry("x"), &Expect::Absent).await);
    assert_eq!(effect, Effect::None);
    assert!(said.contains("quota") && said.contains("tier"), "{said}");
    fake.with(|aws| aws.parameters.most = None);
    let keyless = store(&fake, r#"kms-key-id = "alias/missing""#).await;
    let (_, effect, said) = refusal(keyless.write(&variable("a"), &entry("x"), &Expect::Absent).await);
    assert_eq!(effect, Effect::None);
    assert!(said.contains("kms-key-id"), "{said}");
}

#[tokio::test]
async fn many_writers_of_one_key_take_turns() {
    let fake = Aws::start();
    fake.set_latency(std::time::Duration::from_millis(5));
    let store = store(&fake, "").await;
    let key = variable("a");
    let entries: Vec<_> = (0..8).map(|number| entry(&format!("writer {number}"))).collect();
    let written = join_all(entries.iter().map(|entry| store.write(&key, entry, &Expect::Anything))).await;
    let mut versions: Vec<_> = written.into_iter().map(|answer| answer.unwrap().as_str().to_owned()).collect();
    versions.sort();
    versions.dedup();
    assert_eq!(versions.len(), 8, "{versions:?}");
    assert!(versions.iter().all(|version| version.contains('@')), "each saw its own version: {versions:?}");
}

#[tokio::test]
async fn a_bare_id_has_a_slash_in_front() {
    let fake = Aws::start();
    let store = store(&fake, r#"connections-prefix = """#).await;
    let key = RemoteKey::new("/db");
    store.write(&key, &entry("x"), &Expect::Absent).await.unwrap();
    let listed = store.list(&Scope { kinds: vec![Kind::Connection] }).await.unwrap();
    assert_eq!(listed.into_iter().map(|listed| listed.key).collect::<Vec<_>>(), [key]);
}
