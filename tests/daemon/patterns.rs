//! Cron patterns that are refused, with where, why and what was meant; and those that are taken, in words.

use jiff::Timestamp;
use jiff::tz::TimeZone;
use secretferry::engine::Pattern;

fn check(text: &str, problem: &str, meant: Option<&str>) {
    let fault = Pattern::parse(text).unwrap_err();
    assert_eq!(fault.problem, problem, "for {text:?}");
    assert_eq!(fault.meant.as_ref().map(|meant| meant.text()), meant, "for {text:?}");
}

#[test]
fn refuses_with_the_field_the_character_and_what_was_meant() {
    check(
        "5/10 * * * *",
        "minute, character 1: \"5/10\" steps on from a single minute; a step needs a range or \"*\"",
        Some("5-59/10 * * * *"),
    );
    check("/10 * * * *", "minute, character 1: \"/10\" steps on from nothing", Some("*/10 * * * *"));
    check("*/15 * * *", "\"*/15 * * *\" needs 5 fields, or 6 with seconds; 4 fields given", Some("*/15 * * * *"));
    check("*/15", "\"*/15\" needs 5 fields, or 6 with seconds; 1 field given", Some("*/15 * * * *"));
    check("0 0 0 * * * *", "\"0 0 0 * * * *\" needs 5 fields, or 6 with seconds; 7 fields given", Some("0 0 0 * * *"));
    check("0 24 * * *", "hour, character 3: 24 is not from 0 to 23", Some("0 0 * * *"));
    check("0 9 * * MONDAY", "day of the week, character 9: \"MONDAY\" is no day of the week", Some("0 9 * * MON"));
    check("0 9 * JANN *", "month, character 7: \"JANN\" is no month", Some("0 9 * JAN *"));
    check("0 22-6 * * *", "hour, character 3: \"22-6\" ends before it begins", Some("0 22-23,0-6 * * *"));
    check("0 9,,17 * * *", "hour, character 5: nothing stands beside a comma", Some("0 9,17 * * *"));
    check("*/0 * * * *", "minute, character 1: \"*/0\" has no step from 1 to 59 behind \"/\"", None);
    check("0 0 30 2 *", "\"0 0 30 2 *\" never happens: no month it names has such a day", Some("0 0 L 2 *"));
    check("0 0 31 4,6 *", "\"0 0 31 4,6 *\" never happens: no month it names has such a day", Some("0 0 L 4,6 *"));
    check("x 9 * * *", "minute, character 1: \"x\" is no number", None);
    check("@dialy", "\"@dialy\" is no pattern that is known", Some("@daily"));
    check("@midnight", "\"@midnight\" is no pattern that is known", Some("@daily"));
    check("@reboot", "\"@reboot\" is no pattern that is known", None);
    check("", "an empty pattern", None);
    check("äö * * * *", "minute, character 1: \"äö\" is no number", None);
}

#[test]
fn names_every_fault_of_a_pattern() {
    check(
        "61 25 * * FOO",
        "minute, character 1: 61 is not from 0 to 59; hour, character 4: 25 is not from 0 to 23; \
         day of the week, character 11: \"FOO\" is no day of the week",
        None,
    );
}

#[test]
fn what_is_proposed_is_due_at_some_time() {
    let fault = Pattern::parse("5/10 * * * *").unwrap_err();
    let next = fault.meant.unwrap().next_after(Timestamp::UNIX_EPOCH, &TimeZone::UTC).unwrap();
    assert_eq!(next.to_string(), "1970-01-01T00:05:00Z");
}

#[test]
fn takes_what_cron_takes() {
    for (text, words) in [
        ("*/15 * * * *", "every 15 minutes"),
        ("30 2 * * *", "at 02:30"),
        ("0 9 * * mon", "at 09:00, on Monday"),
        ("*/10 * * * * *", "every 10 seconds"),
        ("@daily", "at 00:00"),
        ("0 0 L * *", "at 00:00, on the last day of the month"),
        ("0 0 LW * *", "whenever 0 0 LW * * says"),
        ("0 0 15W * *", "at 00:00, on the weekday nearest day 15"),
        ("0 0 * * 5L", "at 00:00, on the last Friday of the month"),
        ("0 0 * * FRI#2", "at 00:00, on the 2nd Friday of the month"),
        ("0 0 * * FRI-SUN", "at 00:00, on Sunday, Friday, and Saturday"),
        ("0 0 * * 7", "at 00:00, on Sunday"),
        ("0 0 1 JAN,JUL *", "at 00:00, on day 1, in January and July"),
        ("  0   0 ? * *  ", "at 00:00"),
        ("0-30/5,45 * * * *", "whenever 0-30/5,45 * * * * says"),
    ] {
        let pattern = Pattern::parse(text).unwrap_or_else(|fault| unreachable!("{text}: {}", fault.problem));
        assert_eq!(pattern.words(), words, "{text}");
    }
}
