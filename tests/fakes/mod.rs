//! Strict stand-ins for cloud services, in this process and over HTTP: they refuse what the services refuse, count what
//! they are asked, and fail in every way that services do.
//!
//! [`server`] takes requests and keeps count; [`fault`] lists, as data, what can go wrong with a request whatever the
//! service; [`quota`] rejects what comes too fast; [`authority`] makes certificates for services that have no plain http;
//! [`control`] does all that over the socket, for any language, and `stand_in.rs` starts one to be tried by hand. A service is what implements [`server::Service`].

pub mod authority;
pub mod aws;
pub mod azure;
pub mod control;
pub mod fault;
pub mod google;
pub mod http;
pub mod quota;
pub mod server;
