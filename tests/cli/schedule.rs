//! When jobs are due, and what is said of schedules that cannot be.

use jiff::Timestamp;

use crate::story::Story;

const STORES: &str = "[stores.a]\nkind = \"local-files\"\nvariables-file = \"a.json\"\n\
                      [stores.b]\nkind = \"local-files\"\nvariables-file = \"b.json\"\n";

fn config(jobs: &[(&str, &str)]) -> String {
    let job = |(name, schedule): &(&str, &str)| {
        format!(
            "[jobs.{name}]\nsource = \"a\"\ntarget = \"b\"\nkinds = [\"variables\"]\ninclude = [\"{name}_*\"]\n{schedule}\n"
        )
    };
    STORES.to_owned() + &jobs.iter().map(job).collect::<String>()
}

#[test]
fn tells_when_each_job_is_due() {
    let mut story = Story::new("schedule");
    let yearly = "schedule = { cron = \"0 0 1 1 *\", timezone = \"Europe/Berlin\" }";
    story.file("secretferry.toml", config(&[("nightly", yearly), ("by_hand", "")]));
    let year = Timestamp::now().strftime("%Y").to_string().parse::<i32>().unwrap() + 1;
    // The days of the week of the next years are not told.
    for (after, word) in [(0, "NEXT"), (-1, "THIS")] {
        story.hide(&(year + after).to_string(), word);
    }
    for day in ["Mon ", "Tue ", "Wed ", "Thu ", "Fri ", "Sat ", "Sun "] {
        story.hide(day, "Day ");
    }
    story.run(0, "schedule --next 1").run(0, "schedule nightly --next 1 --json").run(2, "schedule nihgtly");
    story.run(2, "schedule --next 0");
    story.end();
}

#[test]
fn names_every_fault_of_every_schedule() {
    let mut story = Story::new("schedule-faults");
    let jobs = [
        ("both", "schedule = { cron = \"0 24 * * *\", every = \"500ms\" }"),
        ("neither", "schedule = { timezone = \"Europe/Zurch\" }"),
        ("never", "schedule = { cron = \"0 0 0 30 2 *\", timezone = \"CEST\" }"),
        ("rarely", "schedule = { every = \"400d\" }"),
        ("shaken", "schedule = { every = \"1m\", jitter = \"60s\" }"),
        ("unknown", "schedule = { every = \"1m\", catch-up = \"twice\", on-overlap = \"queue\", atstart = true }"),
    ];
    story.file("secretferry.toml", config(&jobs));
    story.run(2, "schedule");
    story.end();
}
