//! The log on standard error: ours as detailed as asked for, that of libraries capped, since theirs may hold what ours never does.

use tracing::level_filters::LevelFilter;
use tracing_subscriber::filter::Targets;
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;

/// Begins logging; `verbose` is how often `-v` was given.
pub fn begin(verbose: u8) {
    let ours = match verbose {
        0 => LevelFilter::WARN,
        1 => LevelFilter::INFO,
        2 => LevelFilter::DEBUG,
        _ => LevelFilter::TRACE,
    };
    let lines = tracing_subscriber::fmt::layer().with_writer(std::io::stderr).with_ansi(false);
    tracing_subscriber::registry().with(targets(ours)).with(lines).init();
}

/// How much is heard of whom. Names are beginnings: `google_cloud` is every crate of Google's.
fn targets(ours: LevelFilter) -> Targets {
    // vaultrs calls every plain 404 an error; aws_config repeats what a credential_process prints; the SDKs of Google and
    // Microsoft may write whole requests and answers, with the secrets in them.
    let silent = ["vaultrs", "rustify", "aws_config", "google_cloud", "azure", "typespec"];
    let targets = Targets::new().with_default(LevelFilter::WARN).with_target("secretferry", ours);
    targets.with_targets(silent.map(|name| (name, LevelFilter::OFF)))
}

#[cfg(test)]
mod tests {
    use tracing::Level;

    use super::*;

    #[test]
    fn what_may_write_secrets_writes_nothing_however_much_is_asked_for() {
        let targets = targets(LevelFilter::TRACE);
        let rows = [
            ("secretferry::engine", Level::TRACE, true),
            ("hyper::client", Level::WARN, true),
            ("hyper::client", Level::INFO, false),
            ("vaultrs::client", Level::ERROR, false),
            ("aws_config::profile", Level::ERROR, false),
            ("google_cloud_secretmanager_v1::tracing", Level::ERROR, false),
            ("google_cloud_gax_internal::http", Level::ERROR, false),
            ("google_cloud_auth::credentials", Level::ERROR, false),
            ("azure_core::http", Level::ERROR, false),
            ("azure_identity::chain", Level::ERROR, false),
            ("typespec_client_core::http", Level::ERROR, false),
        ];
        for (target, level, expected) in rows {
            assert_eq!(targets.would_enable(target, &level), expected, "{target} {level}");
        }
    }
}
