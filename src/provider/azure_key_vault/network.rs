//! What lies behind the SDK's errors: the answer, if there was one, or why the connection was none.

use azure_core::error::{Error as SdkError, ErrorKind as SdkErrorKind};

use crate::provider::meaning::chain;

/// Status and body of the answer that an error is about. The body is for looking at, not for showing.
pub(super) fn response(error: &SdkError) -> Option<(u16, Vec<u8>)> {
    chain(error).filter_map(|error| error.downcast_ref::<SdkError>()).find_map(|error| match error.kind() {
        SdkErrorKind::HttpResponse { status, raw_response, .. } => {
            let body = raw_response.as_ref().map(|response| response.body().as_ref().to_vec());
            Some((u16::from(*status), body.unwrap_or_default()))
        }
        _ => None,
    })
}

/// Tells whether it was the network that failed.
pub(super) fn is_of_network(error: &SdkError) -> bool {
    chain(error).any(|error| error.downcast_ref::<reqwest::Error>().is_some())
}

/// Tells whether nothing can have been sent.
pub(super) fn was_never_sent(error: &SdkError) -> bool {
    chain(error).filter_map(|error| error.downcast_ref::<reqwest::Error>()).any(reqwest::Error::is_connect)
}

/// What kept an answer away, and what to do about it.
pub(super) fn explain(error: &SdkError) -> (String, String) {
    let said = chain(error).map(ToString::to_string).collect::<Vec<_>>().join(": ");
    let is = |text: &str| said.contains(text);
    let (context, remedy) = if is("UnknownIssuer") {
        (
            "TLS: the server's certificate is signed by nobody we trust",
            "set tls.ca to the PEM file of the authority that signed it (a proxy's, for one)",
        )
    } else if is("invalid peer certificate") || is("received fatal alert") {
        ("TLS: the server there cannot be trusted", "mend the server's certificate (name, dates), or the URL")
    } else if is("InvalidContentType") || is("corrupt message") {
        ("TLS: the server there does not speak it", "check the URL and its port")
    } else if is("dns error") || is("failed to lookup address") {
        (
            "there is no host of this name",
            "check vault-url and the name service: a vault's name is its host's; a private endpoint needs its private DNS zone",
        )
    } else if is("tunnel") || is("proxy") {
        ("the proxy does not let us through", "check HTTPS_PROXY and NO_PROXY")
    } else if was_never_sent(error) {
        ("nobody answers there", "check the URL, the proxy (HTTPS_PROXY, NO_PROXY) and the way out of this network")
    } else {
        ("the connection was lost", "try again; a proxy or firewall may cut long connections")
    };
    (context.to_owned(), remedy.to_owned())
}
