//! What a client that dawdles, floods or sends too much gets, and what the daemon listens on.

use std::io;
use std::sync::Arc;
use std::time::{Duration, Instant};

use secretferry::config::DaemonSettings;
use secretferry::daemon::http::{Served, bind};
use secretferry::daemon::{Board, Metrics, Shelf};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::ask::{House, TOKEN, answer};

#[tokio::test]
async fn a_client_that_dawdles_over_its_head_is_cut() {
    let house = House::open().await;
    let began = Instant::now();
    let mut slow = TcpStream::connect(house.address).await.unwrap();
    slow.write_all(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n").await.unwrap();
    let mut prompt = TcpStream::connect(house.address).await.unwrap();
    prompt.write_all(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n").await.unwrap();
    let mut text = String::new();
    prompt.read_to_string(&mut text).await.unwrap();
    assert!(text.starts_with("HTTP/1.1 200"), "{text}");
    assert!(began.elapsed() < Duration::from_secs(5), "the slow one is in nobody's way");
    let cut = tokio::time::timeout(Duration::from_secs(15), slow.read_to_end(&mut Vec::new())).await;
    cut.expect("cut within the time").ok();
    assert!(began.elapsed() > Duration::from_secs(8), "not before its time: {:?}", began.elapsed());
}

#[tokio::test]
async fn a_body_that_is_too_big_is_refused_whether_it_says_so_or_not() {
    let house = House::open().await;
    let big = "x".repeat(70 * 1024);
    assert_eq!(answer(house.form("/login", &big)).await.0, 413);
    let mut sly = TcpStream::connect(house.address).await.unwrap();
    let head = "POST /login HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\
                Content-Type: application/x-www-form-urlencoded\r\nConnection: close\r\n\r\n";
    sly.write_all(head.as_bytes()).await.unwrap();
    sly.write_all(format!("{:x}\r\n{big}\r\n0\r\n\r\n", big.len()).as_bytes()).await.ok();
    let mut answered = vec![0; 12];
    sly.read_exact(&mut answered).await.unwrap();
    assert_eq!(String::from_utf8_lossy(&answered), "HTTP/1.1 413");
    let small = format!("token={TOKEN}&pad={}", "x".repeat(1024));
    assert_eq!(answer(house.form("/login", &small)).await.0, 303);
}

#[tokio::test]
async fn an_address_that_asks_too_often_waits_but_probes_never_do() {
    let house = House::open().await;
    let mut codes = Vec::new();
    for _ in 0..12 {
        codes.push(answer(house.get("/api/v1/status").bearer_auth("guess")).await.0);
    }
    assert_eq!(codes[0], 401);
    assert_eq!(codes.last(), Some(&429), "{codes:?}");
    assert_eq!(answer(house.get("/healthz")).await.0, 200);
}

#[tokio::test]
async fn connections_beyond_the_most_are_closed_and_the_others_stay() {
    let house = House::open().await;
    let mut held = Vec::new();
    for _ in 0..300 {
        held.push(TcpStream::connect(house.address).await.unwrap());
    }
    let mut closed = 0;
    for stream in &mut held {
        let read = tokio::time::timeout(Duration::from_millis(20), stream.read(&mut [0])).await;
        closed += usize::from(matches!(read, Ok(Ok(0) | Err(_))));
    }
    assert!((40..=50).contains(&closed), "{closed} closed of 300");
    drop(held);
    tokio::time::sleep(Duration::from_millis(200)).await;
    assert_eq!(answer(house.get("/healthz")).await.0, 200);
}

#[tokio::test]
async fn a_port_in_use_is_named_with_what_to_do() {
    let house = House::open().await;
    let settings = DaemonSettings { listen: house.address, ..DaemonSettings::default() };
    let other = Served::new(Arc::new(Board::default()), Shelf::default(), Arc::new(Metrics::default()), settings);
    let error = bind(&other).await.err().expect("the port is taken");
    assert_eq!(error.to_string(), format!("{} is in use by another process", house.address));
    assert!(error.hint().contains("daemon.listen"), "{}", error.hint());
}

#[tokio::test]
async fn told_to_stop_it_finishes_and_lets_the_port_go() {
    let house = House::open().await;
    assert_eq!(answer(house.get("/healthz")).await.0, 200);
    house.stop.cancel();
    tokio::time::timeout(Duration::from_secs(7), house.task).await.expect("it ends").unwrap();
    let refused = TcpStream::connect(house.address).await.unwrap_err();
    assert_eq!(refused.kind(), io::ErrorKind::ConnectionRefused);
}
