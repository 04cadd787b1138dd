//! The metrics: every series, in both formats, and by whom they are counted.

use std::time::Duration;

use secretferry::model::{ErrorKind, Event, Family, Observer as _};

use crate::ask::{House, answer};

#[tokio::test]
async fn calls_and_waits_are_counted_by_store_operation_and_status() {
    let house = House::open().await;
    let called = |error| Event::Called {
        store: "vault-a".to_owned(),
        family: Family::Read,
        took: Duration::from_millis(20),
        error,
    };
    for error in [None, None, Some(ErrorKind::Denied)] {
        house.served.metrics.observe(&called(error));
    }
    let pause = Duration::from_millis(1500);
    house.served.metrics.observe(&Event::Waiting { store: "vault-a".to_owned(), family: Family::Write, pause });
    let (_, text) = answer(house.get("/metrics")).await;
    for line in [
        "secretferry_store_calls_total{store=\"vault-a\",operation=\"read\",status=\"ok\"} 2",
        "secretferry_store_calls_total{store=\"vault-a\",operation=\"read\",status=\"denied\"} 1",
        "secretferry_store_call_duration_seconds_count{store=\"vault-a\",operation=\"read\"} 3",
        "secretferry_store_waits_total{store=\"vault-a\",operation=\"write\"} 1",
        "secretferry_store_wait_seconds_total{store=\"vault-a\",operation=\"write\"} 1.5",
        "# TYPE secretferry_store_calls_total counter",
        "# TYPE secretferry_build_info gauge",
    ] {
        assert!(text.lines().any(|there| there == line), "{line} is not in\n{text}");
    }
}

#[tokio::test]
async fn who_asks_for_openmetrics_gets_it() {
    let house = House::open().await;
    let answered = house.get("/metrics").header("accept", "application/openmetrics-text; version=1.0.0").send();
    let answered = answered.await.unwrap();
    assert!(answered.headers()["content-type"].to_str().unwrap().starts_with("application/openmetrics-text"));
    assert!(answered.text().await.unwrap().ends_with("# EOF\n"));
    let plain = house.get("/metrics").send().await.unwrap();
    assert_eq!(plain.headers()["content-type"], "text/plain; version=0.0.4; charset=utf-8");
    assert!(!plain.text().await.unwrap().contains("# EOF"));
}
