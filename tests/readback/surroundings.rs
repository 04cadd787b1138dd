//! What `tests/servers/with.sh` tells a test.

use std::path::PathBuf;

/// The value of `SECRETFERRY_TEST_<name>`.
pub fn told(name: &str) -> String {
    let variable = format!("SECRETFERRY_TEST_{name}");
    std::env::var(&variable).unwrap_or_else(|_| panic!("{variable} is not set: run `make test`"))
}

/// A file of the folder with the metastores.
pub fn metastore_file(name: &str) -> PathBuf {
    PathBuf::from(told("METASTORES")).join(name)
}

/// A file among the tests.
pub fn test_file(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests").join(name)
}
