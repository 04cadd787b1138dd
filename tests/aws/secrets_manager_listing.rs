//! Secrets Manager on moto: what a listing tells, and at what price.

use secretferry::model::State;
use secretferry::provider::{Content, Expect, Role};

use crate::moto::Moto;
use crate::secrets_manager::Place;

#[tokio::test]
async fn a_listing_takes_every_page_and_reads_go_by_twenties() {
    let server: &'static Moto = Box::leak(Box::new(Moto::start()));
    let place = Place::open(server, "p".into(), Role::Target, "").await;
    for number in 0..250 {
        server.put_secret(place.key(&format!("v{number:03}")).as_str(), &number.to_string()).await;
    }
    server.put_secret("p/variables2/not-ours", "x").await;
    server.put_secret("elsewhere", "x").await;
    server.counts().await;
    let listed = place.list().await;
    assert_eq!(listed.len(), 250);
    assert!(listed.iter().all(|listed| listed.state == State::Live && listed.revision.is_some()));
    assert_eq!(server.counts().await.get("secretsmanager.ListSecrets"), Some(&3), "a hundred a page");

    let keys: Vec<_> = listed.into_iter().map(|listed| listed.key).collect();
    let batch = place.store.capabilities().read_batch;
    assert_eq!(batch, 20);
    for keys in keys[..41].chunks(batch) {
        for record in place.store.read(keys).await {
            assert!(matches!(record.unwrap().unwrap().content, Content::Value(_)));
        }
    }
    let counts = server.counts().await;
    assert_eq!(counts.get("secretsmanager.BatchGetSecretValue"), Some(&2), "{counts:?}");
    assert_eq!(counts.get("secretsmanager.GetSecretValue"), Some(&1), "the last one alone: {counts:?}");
}

#[tokio::test]
async fn a_listing_and_a_look_tell_when_a_secret_was_changed_last() {
    let place = Place::target("").await;
    let (older, newer) = (place.key("older"), place.key("newer"));
    for key in [&newer, &older] {
        place.write(key, "one", &Expect::Absent).await;
    }
    // The service's clock may tell whole seconds only.
    tokio::time::sleep(std::time::Duration::from_millis(1_100)).await;
    place.write(&newer, "two", &Expect::Anything).await;
    let mut told = Vec::new();
    for key in [&newer, &older] {
        let said = place.described(key).await["LastChangedDate"].as_f64().unwrap();
        let looked = place.stat(key).await.changed.unwrap();
        let listed = place.list().await.into_iter().find(|listed| listed.key == *key).unwrap().changed.unwrap();
        for changed in [looked, listed] {
            let seconds = changed.as_nanosecond() as f64 / 1e9;
            assert!((seconds - said).abs() < 0.001, "{key}: {changed}, not {said}");
        }
        told.push(listed);
    }
    assert!(told[0] > told[1], "{told:?}: the one that was made first was changed last");
}
