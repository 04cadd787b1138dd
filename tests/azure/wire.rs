//! What may never be sent, what is sent once, and what a vault takes at the most.

use secretferry::model::{Effect, ErrorKind, Family, Finding, RemoteKey, State};
use secretferry::provider::{Expect, Role};

use crate::fakes::azure::Vault;
use crate::fakes::fault::Fault;
use crate::opened::{Opened, entry, key, mark};

/// The control: what is asked under a name that Key Vault takes is counted.
#[tokio::test]
async fn a_name_that_is_another_path_never_reaches_the_wire() {
    let vault = Opened::target().await;
    vault.stat(&key("there")).await.unwrap();
    assert_eq!(vault.vault.counts().values().sum::<u64>(), 4, "a challenge, a log-in and two looks");
    for name in ["../deletedsecrets", "a/b_c", "x:destroy", "", "a?b", "a#b", "a%2Fb", "a b", "ü", &"n".repeat(128)] {
        let key = RemoteKey::new(name);
        let revision = secretferry::model::Revision::new("1");
        let store = &vault.store;
        let kinds = [
            store.read(std::slice::from_ref(&key)).await.remove(0).err(),
            store.stat(std::slice::from_ref(&key)).await.remove(0).err(),
            store.write(&key, &entry("x"), &Expect::Anything).await.err(),
            store.write(&key, &entry("x"), &Expect::Absent).await.err(),
            store.claim(&key, &mark(), &Expect::Anything).await.err(),
            store.release(&key, &mark(), &Expect::Anything).await.err(),
            store.delete(&key, &Expect::Anything).await.err(),
            store.restore(&key, &revision, &Expect::Anything).await.err(),
            store.keeps(&[(key.clone(), revision.clone())]).await.remove(0).err(),
        ];
        for (asked, error) in kinds.into_iter().enumerate() {
            let error = error.unwrap_or_else(|| panic!("{name:?}, {asked}: no error"));
            assert_eq!(error.kind, ErrorKind::Invalid, "{name:?}, {asked}: {error}");
            assert!(error.remedy.is_some());
        }
    }
    assert!(vault.vault.counts().is_empty());
}

#[tokio::test]
async fn a_value_may_have_25_600_bytes_and_none_at_all() {
    let vault = Opened::target().await;
    for (id, text) in [("largest", "ü".repeat(12_800)), ("empty", String::new()), ("blanks", " \r\n ".to_owned())] {
        vault.write(&key(id), &text, &Expect::Absent).await.unwrap();
        assert_eq!(vault.text(&key(id)).await.as_ref(), Some(&text), "{id}");
    }
    vault.vault.counts();
    let error = vault.write(&key("larger"), &"x".repeat(25_601), &Expect::Anything).await.unwrap_err();
    assert_eq!((error.kind, error.effect), (ErrorKind::TooLarge, Effect::None));
    assert!(vault.vault.counts().is_empty());
}

/// The SDK's own repeats are off, and ours know better.
#[tokio::test]
async fn a_write_whose_answer_is_lost_adds_no_second_version() {
    for fault in Fault::OF_UNKNOWN_EFFECT {
        let vault = Opened::with(Vault::start(), Role::Target, "timeout = \"1s\"").await;
        vault.vault.fail(Family::Write, fault);
        let error = vault.write(&key("x"), "text", &Expect::Absent).await.unwrap_err();
        assert_eq!(error.effect, Effect::Unknown, "{fault:?}");
        assert_eq!(vault.versions(&key("x")).len(), 1, "{fault:?}");
        assert_eq!(vault.text(&key("x")).await.as_deref(), Some("text"), "{fault:?}");
    }
}

#[tokio::test]
async fn a_throttled_write_is_repeated_as_it_had_no_effect() {
    let vault = Opened::target().await;
    vault.vault.fail(Family::Write, Fault::Throttled);
    vault.write(&key("x"), "text", &Expect::Absent).await.unwrap();
    assert_eq!(vault.versions(&key("x")).len(), 1);
}

/// A listing names no version, only seconds.
#[tokio::test]
async fn writes_within_a_second_are_told_apart() {
    let vault = Opened::target().await;
    let mut revisions = vec![vault.write(&key("x"), "0", &Expect::Absent).await.unwrap()];
    for text in ["1", "2", "3"] {
        let expect = Expect::At(revisions.last().unwrap().clone());
        let revision = vault.write(&key("x"), text, &expect).await.unwrap();
        assert_eq!(vault.revision(&key("x")).await, revision);
        assert!(!revisions.contains(&revision), "{text}");
        revisions.push(revision);
    }
    assert_eq!(vault.versions(&key("x")).len(), 4, "a touch adds none");
    assert_eq!(vault.list().await[0].revision.as_ref(), revisions.last());
}

#[tokio::test]
async fn the_time_of_the_last_change_comes_with_listings_looks_and_values() {
    let vault = Opened::with(Vault::start(), Role::Source, "").await;
    for (id, made, changed) in [("older", 1_500_000_000, 1_500_000_100), ("newer", 1_400_000_000, 1_600_000_000)] {
        vault.vault.with(|azure| {
            let version = azure.secrets.add(key(id).as_str(), "text");
            (version.created, version.updated) = (made, changed);
        });
        let mut listed = vault.list().await;
        listed.retain(|listed| listed.key == key(id));
        let looked = vault.stat(&key(id)).await.unwrap().unwrap();
        let read = vault.store.read(&[key(id)]).await.remove(0).unwrap().unwrap().listed;
        for told in [&listed[0], &looked, &read] {
            assert_eq!(told.changed.map(|time| time.as_second()), i64::try_from(changed).ok(), "{id}");
        }
    }
}

#[tokio::test]
async fn a_name_is_the_same_whatever_its_case() {
    let vault = Opened::target().await;
    let (upper, lower) = (RemoteKey::new("AIRFLOW-Variables-X"), key("x"));
    vault.vault.with(|azure| azure.secrets.put(upper.as_str(), "theirs"));
    assert_eq!(vault.list().await[0].key, upper);
    assert_eq!(vault.text(&lower).await.as_deref(), Some("theirs"));
    let error = vault.write(&lower, "ours", &Expect::Absent).await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::Conflict);
    assert_eq!(vault.text(&upper).await.as_deref(), Some("theirs"));
}

#[tokio::test]
async fn what_cannot_be_read_is_never_absent() {
    let vault = Opened::target().await;
    vault.vault.with(|azure| azure.secrets.put(key("x").as_str(), "text"));
    vault.vault.with(|azure| azure.access.denied.insert("get".to_owned()));
    let error = vault.store.read(&[key("x")]).await.remove(0).unwrap_err();
    assert_eq!(error.kind, ErrorKind::Denied);
    assert_eq!(vault.list().await[0].state, State::Live);
    vault.vault.with(|azure| azure.access.denied.insert("list".to_owned()));
    let kinds = vec![secretferry::model::Kind::Variable];
    let error = vault.store.list(&secretferry::model::Scope { kinds }).await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::Denied);
}

/// The recovery level is the vault's own word.
#[tokio::test]
async fn check_tells_what_becomes_of_what_is_deleted() {
    let vault = Opened::target().await;
    let found = |findings: Vec<Finding>| {
        let finding = findings.into_iter().find(|finding| finding.code == "recovery-level");
        finding.map(|finding| finding.message).unwrap_or_default()
    };
    let kinds = [secretferry::model::Kind::Variable];
    assert_eq!(found(vault.store.check(Role::Target, &kinds).await), "", "an empty vault does not say");
    vault.vault.with(|azure| azure.secrets.put(key("x").as_str(), "text"));
    let message = found(vault.store.check(Role::Target, &kinds).await);
    assert!(message.contains("for 90 days") && message.contains("has the right may purge it"), "{message}");
    vault.vault.with(|azure| (azure.secrets.place.is_protected, azure.secrets.place.days) = (true, 7));
    let message = found(vault.store.check(Role::Target, &kinds).await);
    assert!(message.contains("for 7 days") && message.contains("nobody can purge it"), "{message}");
    assert_eq!(found(vault.store.check(Role::Source, &kinds).await), "", "a source is not deleted from");
}
