//! TLS with an authority of our own: whom the SDK trusts is what the config says. The server is a Vault, which answers, if not as AWS.

use crate::access::Program;
use crate::vault_server::{Vault, certificates};

fn file(name: &str) -> String {
    certificates().join(name).display().to_string()
}

fn program(server: &Vault, more: &str) -> Program {
    let table = format!("region = 'eu-central-1'\nendpoint-url = '{}'\n{more}", server.address);
    Program::new(&table).with_keys("AKIAFERRY")
}

/// What is said of a store that was reached, but is none.
fn is_reached(found: [String; 3]) {
    let [_, message, remedy] = found;
    assert!(message.contains("HTTP 4") && remedy.contains("endpoint-url"), "{message} {remedy}");
}

#[test]
fn an_authority_of_our_own_is_trusted_when_it_is_named() {
    let (certificate, key) = (file("server.crt"), file("server.key"));
    let server = Vault::start(&["-tls-cert", &certificate, "-tls-key", &key]);
    is_reached(program(&server, &format!("tls = {{ ca = '{}' }}", file("ca.crt"))).found("unreachable"));
    is_reached(program(&server, "").set("AWS_CA_BUNDLE", &file("ca.crt")).found("unreachable"));
    for more in [String::new(), format!("tls = {{ ca = '{}' }}", file("other-ca.crt"))] {
        let [severity, message, remedy] = program(&server, &more).found("unreachable");
        assert_eq!(severity, "error");
        assert!(message.contains("TLS") && remedy.contains("tls.ca"), "{message} {remedy}");
    }
    for wrong in ["missing.crt", "ca.key"] {
        let [_, message, remedy] =
            program(&server, &format!("tls = {{ ca = '{}' }}", file(wrong))).found("store-unusable");
        assert!(message.contains(wrong) && remedy.contains("BEGIN CERTIFICATE"), "{message} {remedy}");
    }
}
