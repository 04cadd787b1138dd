//! The metastore provider against what real Airflows made, and against a real PostgreSQL: rights, schemas, TLS, rotated keys.

mod contents;
mod place;
mod rights;
mod rotation;
mod server;
mod tls;
