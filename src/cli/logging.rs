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
    // vaultrs calls every plain 404 an error; aws_config repeats what a credential_process prints.
    let targets = Targets::new()
        .with_default(LevelFilter::WARN)
        .with_target("secretferry", ours)
        .with_target("vaultrs", LevelFilter::OFF)
        .with_target("rustify", LevelFilter::OFF)
        .with_target("aws_config", LevelFilter::OFF);
    let lines = tracing_subscriber::fmt::layer().with_writer(std::io::stderr).with_ansi(false);
    tracing_subscriber::registry().with(targets).with(lines).init();
}
