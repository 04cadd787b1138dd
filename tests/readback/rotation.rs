//! A Fernet key is rotated by Airflow itself: every ciphertext changes, and nothing else does.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use crate::airflow::{Airflow, command};
use crate::checker::is_good;
use crate::copy::{Copy, Stored};
use crate::ferry::{Ferry, METASTORE, Step, outcomes, planned};
use crate::journey::{by_key, kept};
use crate::metastore::{Key, metastore};
use crate::target::{Mounted, Target};

/// Thirty-two readable bytes each.
const NEW_KEY: &str = "ZnJlc2gtdGVzdC1rZXktb2Ytc2VjcmV0ZmVycnktMDQ=";
const WRONG_KEY: &str = "d3JvbmctdGVzdC1rZXktb2Ytc2VjcmV0ZmVycnktMDU=";

#[tokio::test]
async fn of_airflow_2_in_sqlite() {
    rotate("2.11.2-sqlite", Airflow::Two).await;
}

#[tokio::test]
async fn of_airflow_3_in_postgresql() {
    rotate("3.3.2-postgresql", Airflow::Three).await;
}

async fn rotate(name: &str, airflow: Airflow) {
    let folder = tempfile::tempdir().unwrap();
    let mut copy = Copy::of(&metastore(name), folder.path()).await;
    let target = Target::Vault(Mounted::new("secret", 2).await);
    let mut ferry = Ferry::new(METASTORE, &target.table(), "");
    ferry.read_from(&copy.metastore);
    ferry.set("TARGET_TOKEN", target.token());
    let first = outcomes(&ferry.apply(3));

    let (stored, before) = (copy.stored().await, target.survey().await);
    let keys = [&[NEW_KEY.to_owned()], copy.metastore.fernet_keys.as_slice()].concat().join(",");
    // Without a driver in it SQLAlchemy 2.1 takes a newer one, which Airflow does not bring.
    let url = copy.metastore.url.replace("postgresql://", "postgresql+psycopg2://");
    command(airflow, &url, &keys, &["rotate-fernet-key"]);
    let changed = changed(&stored, &copy.stored().await);
    assert!(changed.len() > 300, "only {} rows were encrypted anew", changed.len());

    let second = nothing_is_written(&mut ferry, &target, &first, &before).await;
    assert_eq!(reasons(&second, &changed), BTreeSet::from([("re-encrypted", true), ("unchanged", false)]));
    let again = planned(&ferry.plan(3));
    assert_eq!(reasons(&again, &changed), BTreeSet::from([("unchanged", true), ("unchanged", false)]));
    no_value_is_read(&mut ferry, &target, &first).await;
}

/// Rows whose stored text is another.
fn changed(before: &Stored, after: &Stored) -> BTreeSet<(String, String)> {
    assert!(before.keys().eq(after.keys()));
    before.keys().filter(|name| before[*name] != after[*name]).cloned().collect()
}

/// Under the new key alone, and with a token that cannot write, every row is kept, and the target is as it was.
async fn nothing_is_written(
    ferry: &mut Ferry,
    target: &Target,
    first: &[Step],
    before: &BTreeMap<String, Value>,
) -> Vec<Step> {
    ferry.set("SOURCE_KEYS", NEW_KEY);
    ferry.set("TARGET_TOKEN", &target.looking_token().await);
    let second = outcomes(&ferry.apply(3));
    assert_eq!(by_key(second.clone()), kept(first));
    assert_eq!(&target.survey().await, before);
    second
}

/// The keys that are carried are kept even where no value can be read: the source's are undecryptable, the target's denied.
async fn no_value_is_read(ferry: &mut Ferry, target: &Target, first: &[Step]) {
    let Target::Vault(mounted) = target else { panic!("files have no token") };
    ferry.set("SOURCE_KEYS", WRONG_KEY);
    ferry.set("TARGET_TOKEN", &mounted.blind_token().await);
    let kept = planned(&ferry.plan(3)).into_iter().filter(|step| step.what == "keep").map(|step| step.key);
    let carried: BTreeSet<Key> = first.iter().filter(|step| is_good(step)).map(|step| step.key.clone()).collect();
    assert_eq!(kept.collect::<BTreeSet<_>>(), carried);
}

/// The reasons for which keys are kept, each with whether the stored row had changed.
fn reasons<'a>(steps: &'a [Step], changed: &BTreeSet<(String, String)>) -> BTreeSet<(&'a str, bool)> {
    let has_changed = |(kind, _, id): &Key| changed.contains(&(kind.clone(), id.clone()));
    let kept = steps.iter().filter(|step| ["keep", "kept"].contains(&step.what.as_str()));
    kept.map(|step| (step.reason.as_str(), has_changed(&step.key))).collect()
}
