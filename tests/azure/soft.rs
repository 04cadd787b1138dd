//! Soft deletion: what is deleted stays for a while, is in the way, and comes back.

use secretferry::model::{ErrorKind, State};
use secretferry::provider::{Expect, Role};

use crate::opened::{Opened, key};

/// Deleting, recovering and settling take the vault half a second each, and the other half of the tests no time at all.
fn slowly(vault: &Opened) {
    vault.vault.with(|azure| {
        let secrets = &mut azure.secrets;
        (secrets.deletion, secrets.recovery, secrets.settling) = (0.5, 0.5, 0.5);
    });
}

#[tokio::test]
async fn a_delete_is_waited_for_and_leaves_a_tombstone() {
    let vault = Opened::target().await;
    slowly(&vault);
    let revision = vault.write(&key("x"), "old", &Expect::Absent).await.unwrap();
    let left = vault.store.delete(&key("x"), &Expect::At(revision.clone())).await.unwrap();
    assert_eq!(left, Some(revision.clone()));
    let listed = vault.list().await;
    assert_eq!((listed[0].state, listed[0].revision.as_ref()), (State::Deleted, Some(&revision)));
    assert_eq!(vault.stat(&key("x")).await.unwrap().as_ref(), listed.first());
    assert_eq!(vault.text(&key("x")).await, None);
    assert!(vault.store.keeps(&[(key("x"), revision)]).await.remove(0).unwrap());
    let source = vault.again(Role::Source, "").await;
    assert_eq!((source.list().await, source.stat(&key("x")).await.unwrap()), (Vec::new(), None));
}

#[tokio::test]
async fn a_tombstone_is_in_the_way_of_a_create() {
    let vault = Opened::target().await;
    vault.write(&key("x"), "old", &Expect::Absent).await.unwrap();
    vault.store.delete(&key("x"), &Expect::Anything).await.unwrap();
    let error = vault.write(&key("x"), "new", &Expect::Absent).await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::Conflict);
    assert_eq!(vault.versions(&key("x")).len(), 1);
}

/// Between the look and the write somebody else has deleted it.
#[tokio::test]
async fn a_create_that_meets_a_tombstone_says_what_to_do() {
    let vault = Opened::target().await;
    vault.vault.with(|azure| azure.access.denied.insert("get".to_owned()));
    vault.vault.with(|azure| {
        azure.secrets.put(key("x").as_str(), "old");
        azure.secrets.bin(key("x").as_str());
        azure.access.denied.clear();
        // The look shows nothing as yet: the delete is under way.
        let secret = azure.secrets.secret(key("x").as_str()).unwrap();
        secret.deleted.as_mut().unwrap().done += 1.0;
    });
    let error = vault.write(&key("x"), "new", &Expect::Absent).await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::Conflict);
    assert!(error.context.contains("softly deleted"), "{error}");
    assert!(error.remedy.unwrap().contains("tombstone = \"restore\""));
}

#[tokio::test]
async fn a_tombstone_is_recovered_and_written() {
    let vault = Opened::target().await;
    slowly(&vault);
    let first = vault.write(&key("x"), "old", &Expect::Absent).await.unwrap();
    let left = vault.store.delete(&key("x"), &Expect::At(first)).await.unwrap().unwrap();
    let revision = vault.write(&key("x"), "new", &Expect::Deleted(left)).await.unwrap();
    assert_eq!(vault.text(&key("x")).await.as_deref(), Some("new"));
    assert_eq!(vault.revision(&key("x")).await, revision);
    assert_eq!(vault.versions(&key("x")).len(), 2);
}

#[tokio::test]
async fn a_delete_is_taken_back_as_it_was() {
    let vault = Opened::target().await;
    slowly(&vault);
    let revision = vault.write(&key("x"), "text", &Expect::Absent).await.unwrap();
    let left = vault.store.delete(&key("x"), &Expect::At(revision.clone())).await.unwrap().unwrap();
    let back = vault.store.restore(&key("x"), &revision, &Expect::Deleted(left)).await.unwrap();
    assert_eq!(back, revision);
    assert_eq!((vault.text(&key("x")).await.as_deref(), vault.versions(&key("x")).len()), (Some("text"), 1));
}

#[tokio::test]
async fn an_earlier_version_of_a_deleted_secret_comes_back() {
    let vault = Opened::target().await;
    let first = vault.write(&key("x"), "first", &Expect::Absent).await.unwrap();
    let second = vault.write(&key("x"), "second", &Expect::At(first.clone())).await.unwrap();
    let left = vault.store.delete(&key("x"), &Expect::At(second)).await.unwrap().unwrap();
    vault.store.restore(&key("x"), &first, &Expect::Deleted(left)).await.unwrap();
    assert_eq!(vault.text(&key("x")).await.as_deref(), Some("first"));
}

/// Nothing of ours may ever purge, whether the vault would let it or not.
#[tokio::test]
async fn nothing_is_ever_purged() {
    let vault = Opened::target().await;
    vault.vault.with(|azure| azure.secrets.place.is_protected = true);
    let revision = vault.write(&key("x"), "text", &Expect::Absent).await.unwrap();
    vault.store.delete(&key("x"), &Expect::At(revision)).await.unwrap();
    assert_eq!(vault.vault.counts().get("PurgeDeletedSecret"), None);
}
