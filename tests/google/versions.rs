//! Versions: none too many, none too few, the right one read, and a way back.

use secretferry::model::{Effect, ErrorKind, Family, RemoteKey, Revision, State};
use secretferry::provider::{Entry, Expect, Role};
use serde_json::json;

use crate::fakes::fault::{Aim, Fault};
use crate::fakes::google::secret::State as Given;
use crate::store::{Place, entry, mark};

fn at(number: u64) -> Expect {
    Expect::At(Revision::new(number.to_string()))
}

#[tokio::test]
async fn an_answer_that_is_lost_makes_no_second_version() {
    let place = Place::new(Role::Target, "").await;
    let add = Aim::Operation("secretmanager.AddSecretVersion".to_owned());
    for (number, fault) in Fault::OF_UNKNOWN_EFFECT.into_iter().enumerate() {
        let name = format!("n{number}");
        place.fake.fail_often(add.clone(), 1, fault);
        assert_eq!(place.write(&name, "first", &Expect::Absent).await.unwrap(), 1, "{fault:?}");
        place.fake.fail_often(add.clone(), 1, fault);
        assert_eq!(place.write(&name, "second", &at(1)).await.unwrap(), 2, "{fault:?}");
        assert_eq!(place.versions(&name), 2, "{fault:?}");
        assert_eq!(place.fake.faults_waiting(), 0, "{fault:?} never came");
    }
}

#[tokio::test]
async fn a_request_that_did_not_arrive_is_of_unknown_effect_and_not_sent_again() {
    let place = Place::new(Role::Target, "").await;
    place.write("name", "first", &Expect::Absent).await.unwrap();
    place.fake.fail_often(Aim::Operation("secretmanager.AddSecretVersion".to_owned()), 1, Fault::Cut);
    place.fake.counts();
    let error = place.write("name", "second", &at(1)).await.unwrap_err();
    assert_eq!((error.kind, error.effect), (ErrorKind::Unavailable, Effect::Unknown));
    assert_eq!(place.fake.counts()["secretmanager.AddSecretVersion"], 1);
    assert_eq!(place.versions("name"), 1);
}

#[tokio::test]
async fn a_throttled_version_is_sent_again_and_added_once() {
    let place = Place::new(Role::Target, "").await;
    place.fake.fail_often(Aim::Family(Family::Write), 3, Fault::Throttled);
    assert_eq!(place.write("name", "text", &Expect::Absent).await.unwrap(), 1);
    assert_eq!(place.versions("name"), 1);
}

#[tokio::test]
async fn half_a_create_is_finished() {
    let place = Place::new(Role::Target, "").await;
    // The answer to the create is lost, so that it is sent twice; and one that an earlier run left.
    place.fake.fail_often(Aim::Operation("secretmanager.CreateSecret".to_owned()), 1, Fault::Lost);
    assert_eq!(place.write("lost", "text", &Expect::Absent).await.unwrap(), 1);
    place.fake.with(|google| google.secrets.put_empty("left"));
    assert_eq!(place.write("left", "text", &Expect::Absent).await.unwrap(), 1);
    for name in ["lost", "left"] {
        assert_eq!((place.versions(name), place.text(name).await), (1, "text".to_owned()));
        assert_eq!(place.stat(name).await.unwrap().mark, Some(mark()), "{name}");
    }
    let refusal = place.write("left", "other", &Expect::Absent).await.unwrap_err();
    assert_eq!(refusal.kind, ErrorKind::Conflict);
    assert_eq!(place.versions("left"), 1);
}

#[tokio::test]
async fn a_name_whose_latest_is_not_known_yet_is_not_filled() {
    let place = Place::new(Role::Target, "").await;
    place.fake.with(|google| {
        google.secrets.put_empty("name");
        google.secrets.lag();
        google.secrets.put("name", "somebody else's");
    });
    let refusal = place.write("name", "ours", &Expect::Absent).await.unwrap_err();
    assert_eq!(refusal.kind, ErrorKind::Conflict);
    assert_eq!(place.versions("name"), 1);
}

#[tokio::test]
async fn what_was_just_written_is_read_though_latest_lags_behind() {
    let place = Place::new(Role::Target, "").await;
    place.write("name", "first", &Expect::Absent).await.unwrap();
    place.fake.with(|google| google.secrets.lag());
    place.write("name", "second", &at(1)).await.unwrap();
    assert_eq!(place.text("name").await, "second");
    assert_eq!(place.stat("name").await.unwrap().revision, Some(Revision::new("2")));
    place.write("name", "third", &at(2)).await.unwrap();
    place.fake.with(|google| google.secrets.catch_up());
    assert_eq!(place.text("name").await, "third");
    // Whoever did not write it reads what Google calls the latest.
    place.fake.with(|google| google.secrets.lag());
    place.fake.with(|google| google.secrets.put("name", "fourth"));
    assert_eq!(place.text("name").await, "third");
    place.fake.with(|google| google.secrets.catch_up());
    assert_eq!(place.text("name").await, "fourth");
}

#[tokio::test]
async fn annotations_and_labels_of_others_stay() {
    let place = Place::new(Role::Target, "").await;
    place.fake.with(|google| {
        google.secrets.put("name", "theirs");
        let fields = &mut google.secrets.secret_mut("name").unwrap().fields;
        fields.insert("annotations".into(), json!({"team": "Data & Co", "managed-by": "terraform"}));
        fields.insert("labels".into(), json!({"env": "prod"}));
    });
    let key = RemoteKey::new("name");
    place.store.claim(&key, &mark(), &at(1)).await.unwrap();
    assert_eq!(place.stat("name").await.unwrap().mark, Some(mark()));
    assert_eq!(place.field("name", "annotations")["team"], "Data & Co");
    assert_eq!(place.field("name", "labels"), json!({"env": "prod"}));
    place.write("name", "ours", &at(1)).await.unwrap();
    assert_eq!(place.field("name", "annotations")["team"], "Data & Co");
    place.store.release(&key, &mark(), &at(2)).await.unwrap();
    assert_eq!(place.field("name", "annotations"), json!({"team": "Data & Co"}));
    assert_eq!(place.text("name").await, "ours");
}

#[tokio::test]
async fn older_versions_are_destroyed_only_where_the_table_says_and_the_secret_is_ours() {
    for (more, expected) in [("", 4), ("keep-versions = 2", 2), ("keep-versions = 9", 4)] {
        let place = Place::new(Role::Target, more).await;
        place.write("name", "1", &Expect::Absent).await.unwrap();
        for number in 1..4 {
            place.write("name", &format!("{}", number + 1), &at(number)).await.unwrap();
        }
        let left = |place: &Place| {
            place.fake.with(|google| {
                let versions = &google.secrets.secret("name").unwrap().versions;
                versions.iter().filter(|version| version.state == Given::Enabled).count()
            })
        };
        assert_eq!((place.versions("name"), left(&place)), (4, expected), "{more}");
        let key = RemoteKey::new("name");
        let kept = place.store.keeps(&[(key.clone(), Revision::new("1")), (key, Revision::new("4"))]).await;
        let kept: Vec<bool> = kept.into_iter().map(Result::unwrap).collect();
        assert_eq!(kept, [expected == 4, true], "{more}");
    }
    let place = Place::new(Role::Target, "keep-versions = 1").await;
    place.fake.with(|google| (0..3).for_each(|_| google.secrets.put("theirs", "text")));
    let unmarked = Entry { mark: None, ..entry("ours") };
    place.store.write(&RemoteKey::new("theirs"), &unmarked, &at(3)).await.unwrap();
    let all = place.fake.with(|google| {
        google.secrets.secret("theirs").unwrap().versions.iter().all(|version| version.state == Given::Enabled)
    });
    assert!(all, "versions of a secret without our mark were destroyed");
}

#[tokio::test]
async fn the_way_back_is_a_new_version_or_none() {
    let place = Place::new(Role::Target, "").await;
    let key = RemoteKey::new("name");
    place.write("name", "first", &Expect::Absent).await.unwrap();
    place.write("name", "second", &at(1)).await.unwrap();
    let back = place.store.restore(&key, &Revision::new("1"), &at(2)).await.unwrap();
    assert_eq!((back.as_str(), place.text("name").await.as_str()), ("3", "first"));
    place.fake.with(|google| {
        let versions = &mut google.secrets.secret_mut("name").unwrap().versions;
        versions[1].state = Given::Destroyed;
    });
    let error = place.store.restore(&key, &Revision::new("2"), &at(3)).await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::Unsupported);
    let error = place.store.restore(&key, &Revision::new("1"), &at(2)).await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::Conflict, "somebody wrote since");
    assert_eq!(place.versions("name"), 3);
}

#[tokio::test]
async fn a_destroyed_newest_version_can_be_written_anew() {
    let place = Place::new(Role::Target, "").await;
    place.write("name", "first", &Expect::Absent).await.unwrap();
    place.fake.with(|google| google.secrets.set_state("name", Given::Destroyed));
    let expect = Expect::Deleted(Revision::new("1"));
    assert_eq!(place.write("name", "second", &expect).await.unwrap(), 2);
    assert_eq!(place.stat("name").await.unwrap().state, State::Live);
}

#[tokio::test]
async fn a_delete_leaves_nothing_and_the_name_is_free() {
    let place = Place::new(Role::Target, "").await;
    let key = RemoteKey::new("name");
    place.write("name", "first", &Expect::Absent).await.unwrap();
    place.write("name", "second", &at(1)).await.unwrap();
    assert_eq!(place.store.delete(&key, &at(2)).await.unwrap(), None);
    assert!(place.read("name").await.unwrap().is_none());
    assert_eq!(place.store.delete(&key, &at(2)).await.unwrap(), None, "what is gone needs no delete");
    assert_eq!(place.write("name", "anew", &Expect::Absent).await.unwrap(), 1);
    assert_eq!(place.text("name").await, "anew");
}
