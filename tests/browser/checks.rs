//! What every page must be in a browser's eyes; each check says what is wrong, so that a planted fault can be caught.

use serde_json::Value;

use crate::driver::Browser;

/// Looks for whatever is wrong with the page that is open, at this width and in this scheme.
pub async fn faults(browser: &Browser, home: &str, canaries: &[&str]) -> Vec<String> {
    let mut faults: Vec<String> =
        browser.complaints().await.into_iter().map(|complaint| format!("console: {complaint}")).collect();
    // The browser's first page, of its own, is no concern of ours.
    let asked =
        browser.asked().await.into_iter().filter(|url| !url.starts_with("data:") && !url.starts_with("chrome:"));
    let elsewhere = asked.filter(|url| !url.starts_with(home));
    faults.extend(elsewhere.map(|url| format!("elsewhere: {url}")));
    let page = browser.evaluate("return document.documentElement.outerHTML").await;
    let page = page.as_str().unwrap();
    faults.extend(canaries.iter().filter(|canary| page.contains(**canary)).map(|canary| format!("value: {canary}")));
    for (check, script) in [("wide", WIDE), ("contrast", CONTRAST), ("structure", STRUCTURE)] {
        let found = browser.evaluate(script).await;
        let found = found.as_array().unwrap().iter().filter_map(Value::as_str);
        faults.extend(found.map(|fault| format!("{check}: {fault}")));
    }
    faults
}

/// The page is no wider than the screen; says what sticks out.
const WIDE: &str = "
    const room = window.innerWidth;
    if (document.documentElement.scrollWidth <= room) return [];
    const out = [...document.querySelectorAll('body *')].filter(e => e.getBoundingClientRect().right > room + 1);
    return [document.documentElement.scrollWidth + ' px: ' + out.slice(0, 3).map(e => e.tagName + '.' + e.className).join(' ')];
";

/// Text stands out from what is behind it, by WCAG's formula.
const CONTRAST: &str = "
    const parse = text => (text.match(/[\\d.]+/g) || []).map(Number);
    const light = rgb => { const [r, g, b] = rgb.map(v => { v /= 255; return v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4; });
        return 0.2126 * r + 0.7152 * g + 0.0722 * b; };
    const behind = e => { for (; e; e = e.parentElement) { const c = parse(getComputedStyle(e).backgroundColor);
        if (c.length === 3 || c[3] > 0.99) return c.slice(0, 3); } return [255, 255, 255]; };
    const found = new Set();
    const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    while (texts.nextNode()) {
        const text = texts.currentNode.textContent.trim(), e = texts.currentNode.parentElement;
        if (!text || !e.getClientRects().length) continue;
        const [a, b] = [light(parse(getComputedStyle(e).color).slice(0, 3)), light(behind(e))];
        const ratio = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
        if (ratio < 4.5) found.add(ratio.toFixed(2) + ' ' + e.tagName + '.' + e.className + ': ' + text.slice(0, 30));
    }
    return [...found];
";

/// What a screen reader goes by.
const STRUCTURE: &str = "
    const found = [], all = s => [...document.querySelectorAll(s)];
    for (const mark of ['header', 'nav[aria-label]', 'main#main', 'footer', 'a.skip']) if (all(mark).length !== 1) found.push('not one ' + mark);
    if (all('h1').length !== 1) found.push('not one h1');
    if (!document.documentElement.lang) found.push('no language');
    const levels = all('h1, h2, h3, h4').map(h => Number(h.tagName[1]));
    levels.forEach((level, i) => { if (i && level > levels[i - 1] + 1) found.push('h' + levels[i - 1] + ' then h' + level); });
    if (all('table:not(:has(caption))').length) found.push('a table without a caption');
    if (all('thead th:not([scope])').length) found.push('a column without scope');
    if (all('input:not([type=hidden], [hidden])').some(i => !i.labels.length)) found.push('an input without a label');
    if (all('a, button').some(e => !e.innerText.trim())) found.push('something to press without a name');
    if (all('script, [style], [onclick]').length) found.push('a script or style in the page');
    const ids = all('[id]').map(e => e.id);
    if (new Set(ids).size !== ids.length) found.push('an id twice');
    return found;
";
