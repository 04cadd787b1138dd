//! Servers that are no Vault, or none that serves: a stub that gives every request the same answer.

use std::io::{Read as _, Write as _};
use std::net::TcpListener;

use crate::story::{SECRET, Story};

/// Answers every request with one status and body; gives the address. It ends with the test.
fn stub(status: &'static str, body: &'static str) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let _ = stream.read(&mut [0; 4096]);
            let length = body.len();
            let _ = write!(stream, "HTTP/1.1 {status}\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n{body}");
        }
    });
    address
}

#[test]
fn a_server_that_does_not_serve_is_told_of_with_a_remedy() {
    let mut story = Story::new("vault-stub");
    story.set("VAULT_TOKEN", SECRET).set("COLUMNS", "400");
    let answers = [
        ("A standby that passes nothing on.", "473 Standby", r#"{"errors":[]}"#),
        ("A disaster-recovery secondary.", "472 Recovery", r#"{"errors":[]}"#),
        ("No Vault, but a web server.", "200 OK", "<html>Welcome, hunter2</html>"),
        ("A proxy that wants to know who asks.", "407 Proxy Authentication Required", "hunter2"),
    ];
    for (heading, status, body) in answers {
        let address = stub(status, body);
        let config = format!("[stores.vault]\nkind = \"vault\"\naddress = \"{address}\"\nmount = \"secret\"\n");
        story.heading(heading).hide(&address, "[vault]").file("secretferry.toml", config).run(3, "check");
    }
    let config = "[stores.vault]\nkind = \"vault\"\naddress = \"http://vault.internal:8200\"\nmount = \"secret\"\n";
    story.heading("Plain http to another host.").file("secretferry.toml", config).run(2, "check").end();
}
