//! Whether secrets would travel readable to another host.

use std::net::IpAddr;

use url::{Host, Url};

/// Tells whether an address leads to another host without encryption.
pub fn is_readable_on_the_way(url: &Url) -> bool {
    let is_here = match url.host() {
        Some(Host::Domain(name)) => name == "localhost",
        Some(Host::Ipv4(ip)) => IpAddr::V4(ip).is_loopback(),
        Some(Host::Ipv6(ip)) => IpAddr::V6(ip).is_loopback(),
        None => false,
    };
    url.scheme() == "http" && !is_here
}
