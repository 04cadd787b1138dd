//! What every page must be: whole, escaped, without anything from elsewhere, and readable whatever the daemon knows.

use std::net::IpAddr;

use maud::Markup;

use super::jobs::job;
use super::layout::{login, message};
use super::overview::overview;
use super::stores::stores;
use super::*;
use crate::daemon::board::Activity;
use crate::ledger::RunStatus;

fn nobody() -> Visitor {
    Visitor { signed_in: false, csrf: None, may_sign_in: false, from: IpAddr::from([127, 0, 0, 1]) }
}

fn signed_in() -> Visitor {
    Visitor { signed_in: true, csrf: Some("proof-of-form".to_owned()), may_sign_in: true, ..nobody() }
}

/// Every page that a view alone makes.
fn pages(view: &View, visitor: &Visitor) -> Vec<String> {
    let look = Look { view, now: fixture::now(), visitor, still: false };
    let mut pages =
        vec![overview(&look), stores(&look), login(&look, Some("no")), message(&look, "Gone", "It is gone.")];
    pages.extend(view.jobs.iter().filter_map(|leg| job(&look, &leg.job, Ok(&[]))));
    pages.into_iter().map(Markup::into_string).collect()
}

/// What is wrong with a page, were it served.
fn faults(page: &str) -> Vec<String> {
    let forbidden =
        ["<script", " style=", "<style", "javascript:", " onclick=", "src=\"http", "href=\"http", "href=\"//", "url("];
    let needed = ["<main id=\"main\"", "href=\"#main\"", "lang=\"en\"", "<h1", "<title>", "name=\"viewport\""];
    let found = forbidden.into_iter().filter(|word| page.contains(word)).map(|word| format!("has {word}"));
    let missing = needed.into_iter().filter(|word| !page.contains(word)).map(|word| format!("lacks {word}"));
    let headings = (page.matches("<h1").count() != 1).then(|| "not one h1".to_owned());
    let refreshes = page.contains("http-equiv=\"refresh\"") && page.contains("<input");
    found.chain(missing).chain(headings).chain(refreshes.then(|| "refreshes under a form".to_owned())).collect()
}

#[test]
fn every_page_is_whole_and_asks_nothing_of_elsewhere() {
    for visitor in [nobody(), signed_in()] {
        let mut view = fixture::view();
        view.jobs[0].activity = fixture::running();
        for view in [View::default(), view] {
            for page in pages(&view, &visitor) {
                let faults = faults(&page);
                // The button to sign out stands on pages that load themselves again; it is no form anybody fills in.
                let faults: Vec<_> =
                    faults.iter().filter(|fault| !(visitor.signed_in && fault.contains("refreshes"))).collect();
                assert!(faults.is_empty(), "{faults:?}\n{page}");
            }
        }
    }
    let planted = pages(&fixture::view(), &nobody())[0].replace("<h1", "<script>1</script><h1");
    assert_eq!(faults(&planted), ["has <script"]);
}

#[test]
fn names_from_elsewhere_stay_text() {
    let mut view = fixture::view();
    let hostile = "<img src=x onerror=alert(1)>\u{202e}\u{1b}[2J\"'&";
    let leg = &mut view.jobs[0];
    hostile.clone_into(&mut leg.job);
    hostile.clone_into(&mut leg.source);
    leg.activity = Activity::Waiting(hostile.to_owned());
    leg.standing.as_mut().expect("it stands somewhere").remarks = vec![fixture::remark(hostile)];
    hostile.clone_into(&mut view.ledger.location);
    view.about.config_problem = Some(hostile.to_owned());
    for page in pages(&view, &signed_in()) {
        assert!(!page.contains("<img") && !page.contains('\u{202e}') && !page.contains('\u{1b}'), "{page}");
    }
    let look = Look { view: &view, now: fixture::now(), visitor: &signed_in(), still: false };
    let page = job(&look, hostile, Ok(&[])).expect("its page").into_string();
    assert!(page.contains("&lt;img src=x onerror=alert(1)&gt;\\u{202e}\\u{1b}[2J"), "{page}");
}

#[test]
fn the_first_line_says_what_needs_a_look() {
    let heading = |view: &View| {
        let page = pages(view, &nobody()).remove(0);
        let from = page.find("<h1").expect("a heading");
        let to = page.find("</h1>").expect("its end");
        page[from..to].split_once('>').expect("its text").1.to_owned()
    };
    let mut view = fixture::view();
    assert_eq!(heading(&view), "All 2 jobs are well");
    fixture::end(&mut view.jobs[1], RunStatus::Failed);
    assert_eq!(heading(&view), "1 of 2 jobs needs a look");
    view.ledger.problem = Some("connection refused".to_owned());
    assert_eq!(heading(&view), "The ledger cannot be used: connection refused");
    assert_eq!(heading(&View::default()), "No jobs");
}

#[test]
fn what_needs_a_look_stands_first() {
    let mut view = fixture::view();
    fixture::end(&mut view.jobs[1], RunStatus::Incomplete);
    let page = pages(&view, &nobody()).remove(0);
    assert!(page.find("/jobs/prod-to-dr") < page.find("/jobs/metastore-to-vault"), "{page}");
}

#[test]
fn only_who_is_signed_in_is_offered_actions() {
    let view = fixture::view();
    let shown = |visitor: &Visitor| {
        let look = Look { view: &view, now: fixture::now(), visitor, still: false };
        job(&look, "prod-to-dr", Ok(&[])).expect("its page").into_string()
    };
    let out = shown(&Visitor { may_sign_in: true, ..nobody() });
    assert!(!out.contains("<form") && out.contains("href=\"/login\""), "{out}");
    assert!(!shown(&nobody()).contains("/login"));
    let page = shown(&signed_in());
    for path in ["/jobs/prod-to-dr/run", "/jobs/prod-to-dr/pause"] {
        let form = format!("action=\"{path}\"><input type=\"hidden\" name=\"csrf\" value=\"proof-of-form\">");
        assert!(page.contains(&form), "{path}: {page}");
    }
    assert!(!page.contains("/resume"));
}

#[test]
fn what_is_pending_is_told_by_reason_with_its_explanation() {
    let mut view = fixture::view();
    view.jobs[1].standing.as_mut().expect("it stands somewhere").remarks =
        vec![fixture::remark("connections/db_main"), fixture::remark("variables/region")];
    let visitor = nobody();
    let look = Look { view: &view, now: fixture::now(), visitor: &visitor, still: false };
    let page = job(&look, "prod-to-dr", Err("the ledger is away")).expect("its page").into_string();
    assert_eq!(page.matches("The target was changed behind our back.").count(), 1, "{page}");
    for words in
        ["drift (2 keys)", "connections/db_main", "variables/region", "changed by somebody else", "the ledger is away"]
    {
        assert!(page.contains(words), "{words}: {page}");
    }
    assert!(job(&look, "no-such-job", Ok(&[])).is_none());
}
