//! What a service manager hears, on a real socket, from a process of its own.

use std::os::unix::net::UnixDatagram;
use std::process::Command;
use std::time::Duration;

use secretferry::daemon::{About, View, systemd};

/// Set for the process that speaks.
const SPEAKS: &str = "SECRETFERRY_TEST_SPEAKS";

/// Does nothing unless it is run by the tests below, in a process of its own.
#[test]
fn speaker() {
    if std::env::var_os(SPEAKS).is_none() {
        return;
    }
    systemd::ready();
    systemd::status(&systemd::summary(&View::default()));
    if let Some(every) = systemd::watchdog() {
        systemd::status(&format!("every {every:?}"));
        systemd::alive();
    }
    systemd::reloading();
    systemd::ready();
    systemd::stopping();
}

/// What is heard of the speaker; `variables` are set for it beside the socket.
fn heard(variables: &[(&str, &str)]) -> Vec<String> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("notify");
    let socket = UnixDatagram::bind(&path).unwrap();
    socket.set_read_timeout(Some(Duration::from_millis(200))).unwrap();
    let mut speaker = Command::new(std::env::current_exe().unwrap());
    speaker.args(["--exact", "service::speaker"]).env(SPEAKS, "1").env("NOTIFY_SOCKET", &path);
    let output = speaker.env_remove("WATCHDOG_PID").envs(variables.iter().copied()).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
    let mut heard = Vec::new();
    let mut buffer = [0; 4096];
    while let Ok(length) = socket.recv(&mut buffer) {
        heard.push(String::from_utf8(buffer[..length].to_vec()).unwrap());
    }
    heard
}

#[test]
fn a_service_manager_hears_of_every_turn() {
    let heard = heard(&[]);
    let clock = heard.iter().find_map(|words| words.strip_prefix("RELOADING=1\nMONOTONIC_USEC=")).unwrap();
    let [before, after] = ["0 jobs", "RELOADING"].map(|words| heard.iter().position(|line| line.contains(words)));
    assert!(before.unwrap() < after.unwrap());
    assert!(clock.trim().parse::<u64>().unwrap() > 0, "systemd refuses a reload without the clock");
    let plain: Vec<_> =
        heard.iter().map(|words| words.trim()).filter(|words| !words.starts_with("RELOADING")).collect();
    assert_eq!(plain, ["READY=1", "STATUS=0 jobs; not ready: ledger: not opened yet", "READY=1", "STOPPING=1"]);
}

#[test]
fn the_watchdog_is_fed_at_half_of_what_is_allowed_and_only_where_it_is_on() {
    let fed = heard(&[("WATCHDOG_USEC", "30000000")]);
    assert!(fed.iter().any(|words| words.trim() == "STATUS=every 15s"), "{fed:?}");
    assert!(fed.iter().any(|words| words.trim() == "WATCHDOG=1"), "{fed:?}");
    for other in [("WATCHDOG_USEC", "0"), ("WATCHDOG_USEC", "soon")] {
        assert!(!heard(&[other]).iter().any(|words| words.contains("WATCHDOG")), "{other:?}");
    }
    let of_another = heard(&[("WATCHDOG_USEC", "30000000"), ("WATCHDOG_PID", "1")]);
    assert!(!of_another.iter().any(|words| words.contains("WATCHDOG")), "it is meant for another process");
}

#[test]
fn the_status_is_one_line_whatever_a_store_says() {
    let mut view = View::default();
    view.ledger.problem = Some("gone\nREADY=1\u{1b}".to_owned());
    assert_eq!(systemd::summary(&view), "0 jobs; not ready: ledger: gone\\u{a}READY=1\\u{1b}");
    view.about = About { draining: true, ..About::default() };
    assert_eq!(systemd::summary(&view), "0 jobs, about to end");
}
