//! What lies behind the SDK's errors where no answer came: why the connection was none.

use std::error::Error as StdError;

use crate::provider::meaning::chain;

/// What kept an answer away, and what to do about it; `None` where it was not the network.
pub(super) fn explain(error: &(dyn StdError + 'static)) -> Option<(&'static str, &'static str)> {
    let said = chain(error).map(ToString::to_string).collect::<Vec<_>>().join(": ");
    let is = |text: &str| said.contains(text);
    if is("UnknownIssuer") {
        return Some((
            "TLS: the server's certificate is signed by nobody we trust",
            "set the environment variable SSL_CERT_FILE to the PEM file of the authority that signed it (a proxy's, for one)",
        ));
    }
    if is("invalid peer certificate") || is("received fatal alert") {
        return Some((
            "TLS: the server there cannot be trusted",
            "mend the server's certificate (name, dates), or endpoint-url",
        ));
    }
    if is("InvalidContentType") || is("corrupt message") {
        return Some((
            "TLS: the server there does not speak it",
            "check the port in endpoint-url, or write http:// if the server really has no TLS",
        ));
    }
    if is("dns error") || is("failed to lookup address") {
        return Some((
            "there is no host of this name",
            "check location and endpoint-url, the name service, and the way out of this network",
        ));
    }
    if is("tunnel") {
        return Some(("the proxy does not let us through", "check HTTPS_PROXY and NO_PROXY"));
    }
    if is("client error (Connect)") || is("Connection refused") || is("tcp connect error") {
        return Some((
            "nobody answers there",
            "check endpoint-url, the proxy (HTTPS_PROXY, NO_PROXY) and the way out of this network",
        ));
    }
    None
}
