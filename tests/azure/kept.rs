//! What belongs to others and stays: tags, dates, types, certificates' keys, secrets that are switched off.

use std::collections::BTreeMap;

use secretferry::model::{ErrorKind, Manager, State};
use secretferry::provider::{Expect, Role};

use crate::fakes::azure::Vault;
use crate::opened::{Opened, key, mark};

fn tags(count: usize) -> BTreeMap<String, String> {
    (0..count).map(|number| (format!("tag{number}"), "theirs".to_owned())).collect()
}

/// A secret of somebody else's, with all that can be said of one.
fn plant(vault: &Vault, id: &str, tag_count: usize) {
    vault.with(|azure| {
        let version = azure.secrets.add(key(id).as_str(), "theirs");
        version.tags = tags(tag_count);
        version.content_type = Some("text/of-theirs".to_owned());
        (version.not_before, version.expires) = (Some(1_000_000_000), Some(4_000_000_000));
        (version.created, version.updated) = (1_500_000_000, 1_500_000_000);
    });
}

#[tokio::test]
async fn what_lies_beside_a_value_stays() {
    let vault = Opened::with(Vault::start(), Role::Target, "content-type = \"text/of-ours\"").await;
    plant(&vault.vault, "x", 10);
    let first = vault.revision(&key("x")).await;
    let second = vault.write(&key("x"), "ours", &Expect::At(first.clone())).await.unwrap();
    let look =
        |vault: &Vault, id: &str| vault.with(|azure| azure.secrets.secret(key(id).as_str()).unwrap().latest().clone());
    let kept = |version: &crate::fakes::azure::secret::Version| {
        assert_eq!(version.content_type.as_deref(), Some("text/of-theirs"));
        assert_eq!((version.not_before, version.expires), (Some(1_000_000_000), Some(4_000_000_000)));
        assert!(tags(10).iter().all(|tag| version.tags.get(tag.0) == Some(tag.1)));
    };
    let written = look(&vault.vault, "x");
    kept(&written);
    assert_eq!((written.value.as_str(), written.tags.len()), ("ours", 15));
    assert_eq!(vault.stat(&key("x")).await.unwrap().unwrap().mark, Some(mark()));

    let third = vault.store.restore(&key("x"), &first, &Expect::At(second)).await.unwrap();
    let restored = look(&vault.vault, "x");
    kept(&restored);
    assert_eq!((restored.value.as_str(), restored.tags.len()), ("theirs", 15));
    vault.store.release(&key("x"), &mark(), &Expect::At(third)).await.unwrap();
    assert_eq!(look(&vault.vault, "x").tags, tags(10));

    vault.write(&key("new"), "text", &Expect::Absent).await.unwrap();
    assert_eq!(look(&vault.vault, "new").content_type.as_deref(), Some("text/of-ours"));
}

#[tokio::test]
async fn where_there_is_no_room_for_a_mark_the_value_is_written_and_it_is_said() {
    let vault = Opened::target().await;
    plant(&vault.vault, "x", 11);
    let revision = vault.revision(&key("x")).await;
    let error = vault.store.claim(&key("x"), &mark(), &Expect::At(revision.clone())).await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::Unsupported);
    assert!(error.to_string().contains("beside its 11 tags"), "{error}");
    vault.write(&key("x"), "ours", &Expect::At(revision)).await.unwrap();
    assert_eq!(vault.codes(), ["mark-missed"]);
    assert_eq!(vault.text(&key("x")).await.as_deref(), Some("ours"));
    assert_eq!(
        vault.vault.with(|azure| azure.secrets.secret(key("x").as_str()).unwrap().latest().tags.clone()),
        tags(11)
    );
}

#[tokio::test]
async fn what_a_certificate_keeps_is_never_written_and_read_where_airflow_reads_it() {
    let vault = Opened::target().await;
    plant(&vault.vault, "x", 0);
    vault.vault.with(|azure| azure.secrets.secret(key("x").as_str()).unwrap().is_managed = true);
    let listed = vault.list().await.remove(0);
    assert_eq!(listed.state, State::Managed(Manager::Service));
    vault.vault.counts();
    let expect = Expect::At(listed.revision.unwrap());
    let errors = [
        vault.write(&key("x"), "ours", &expect).await.unwrap_err(),
        vault.write(&key("x"), "ours", &Expect::Anything).await.unwrap_err(),
        vault.store.delete(&key("x"), &Expect::Anything).await.unwrap_err(),
    ];
    assert_eq!(errors.map(|error| error.kind), [ErrorKind::Conflict, ErrorKind::Denied, ErrorKind::Denied]);
    assert!(vault.vault.counts().keys().all(|operation| operation == "GetSecret"));

    let source = vault.again(Role::Source, "").await;
    assert_eq!((source.list().await[0].state, source.text(&key("x")).await.as_deref()), (State::Live, Some("theirs")));
    let bare = source.again(Role::Source, "variables-prefix = \"\"\nconnections-prefix = false").await;
    assert_eq!(bare.list().await, Vec::new());
    assert_eq!(bare.codes(), ["certificates-left"]);
}

#[tokio::test]
async fn what_is_switched_off_is_neither_absent_nor_readable() {
    let vault = Opened::target().await;
    plant(&vault.vault, "x", 3);
    vault.vault.with(|azure| azure.secrets.secret(key("x").as_str()).unwrap().latest_mut().enabled = false);
    for role in [Role::Target, Role::Source] {
        let vault = Opened::with(Vault::start(), role, "").await;
        plant(&vault.vault, "x", 3);
        vault.vault.with(|azure| azure.secrets.secret(key("x").as_str()).unwrap().latest_mut().enabled = false);
        let listed = vault.list().await.remove(0);
        assert_eq!(listed.state, State::Disabled);
        assert_eq!(vault.stat(&key("x")).await.unwrap(), Some(listed));
        assert_eq!(vault.text(&key("x")).await, None);
    }
    let error = vault.write(&key("x"), "ours", &Expect::Absent).await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::Conflict);
}

/// Dates are notes of the owner's: the service gives the value out all the same, and Airflow reads it.
#[tokio::test]
async fn what_has_expired_or_is_not_yet_of_use_is_read() {
    let vault = Opened::with(Vault::start(), Role::Source, "").await;
    for (id, dates) in [("expired", (None, Some(1))), ("early", (Some(4_000_000_000), None))] {
        plant(&vault.vault, id, 0);
        vault.vault.with(|azure| {
            let latest = azure.secrets.secret(key(id).as_str()).unwrap().latest_mut();
            (latest.not_before, latest.expires) = dates;
        });
        assert_eq!(vault.text(&key(id)).await.as_deref(), Some("theirs"), "{id}");
    }
    assert!(vault.list().await.iter().all(|listed| listed.state == State::Live));
}
