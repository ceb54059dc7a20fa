//! Questions, predictions and progress, as a reader works them.

use anyhow::{Context, Result, ensure};
use reader_tests::spotlight::CHAPTER;
use reader_tests::{Tab, browse, site};
use serde_json::{Value, json};
use thirtyfour::Key;

/// The record as the browser keeps it.
const KEPT: &str = "return JSON.parse(localStorage.getItem('reader-record'))";

/// The module that reads records and says when a question is asked again.
const RECORD: &str = "const found = performance.getEntriesByType('resource').find(({ name }) => /theme\\/record/.test(name));
    const record = await import(found.name);";

const COLUMN: &str = "[data-question='ch01.column']";
const REST: &str = "[data-question='ch01.rest']";

/// Opens a page and waits until its questions answer.
async fn open(tab: &Tab, path: &str) -> Result<()> {
    tab.open(path).await?;
    tab.until(
        "the questions answer",
        "return document.querySelector('.quiz-question[data-awake]')",
    )
    .await?;
    Ok(())
}

/// What a question says about the last answer.
async fn verdict(tab: &Tab, question: &str) -> Result<String> {
    let script = "return document.querySelector(arguments[0] + ' .answer-verdict').textContent";
    let said = tab.js_with(script, json!([question])).await?;
    Ok(said.as_str().context("no verdict")?.to_owned())
}

/// Clicks on the right choice, or on a wrong one, and on the button.
async fn choose(tab: &Tab, question: &str, right: bool) -> Result<()> {
    let script = "const items = [...document.querySelectorAll(arguments[0] + ' li')];
        return items.find(item => item.hasAttribute('data-right') === arguments[1]).dataset.value";
    let value = tab.js_with(script, json!([question, right])).await?;
    let value = value.as_str().context("no such answer")?;
    tab.click(&format!("{question} input[value='{value}']")).await?;
    tab.click(&format!("{question} button")).await
}

#[test]
fn an_answer_is_judged_at_once_and_only_what_was_wrong_is_asked_again() -> Result<()> {
    browse(async |tab| {
        open(tab, CHAPTER).await?;
        tab.click(&format!("{COLUMN} button")).await?;
        ensure!(verdict(tab, COLUMN).await?.contains("Choose"), "no answer is no answer");
        choose(tab, COLUMN, false).await?;
        let said = verdict(tab, COLUMN).await?;
        ensure!(said.starts_with("✗ Not yet.") && said.len() > 30, "{said}");
        tab.click(&format!("{REST} input")).await?;
        tab.press("0.3").await?;
        tab.press(Key::Enter).await?;
        let said = verdict(tab, REST).await?;
        ensure!(said.starts_with("✓ Right."), "{said}");
        ensure!(tab.js("return location.search").await? == "", "the form was sent");
        tab.click(".quiz-score button").await?;
        ensure!(verdict(tab, COLUMN).await?.is_empty(), "the wrong one is asked again");
        ensure!(!verdict(tab, REST).await?.is_empty(), "the right one stays");
        let focused = "return document.activeElement.closest('form').dataset.question";
        ensure!(tab.js(focused).await? == "ch01.column");
        choose(tab, COLUMN, true).await?;
        let kept = tab.js(KEPT).await?;
        ensure!(kept["questions"]["ch01.column"]["right"] == true, "{kept}");
        let score = "return document.querySelector('.quiz-score').textContent";
        let score = tab.js(score).await?;
        ensure!(score.as_str().is_some_and(|it| it.contains("answered 2 of")), "{score}");
        Ok(())
    })
}

/// Takes the questions out of all chapters into the open page, and answers each in every way.
#[test]
fn every_right_answer_is_right_and_every_distractor_wrong_with_a_reason() -> Result<()> {
    browse(async |tab| {
        open(tab, CHAPTER).await?;
        let mut chapters = site::pages()?;
        chapters.retain(|path| path.starts_with("ch"));
        let script = "
            const found = performance.getEntriesByType('resource').find(({ name }) => /theme\\/answers[^/]*\\.js/.test(name));
            const { ask } = await import(found.name);
            const [bad, asked] = [[], []];
            for (const path of arguments[0]) {
                const html = await (await fetch(path)).text();
                const forms = new DOMParser().parseFromString(html, 'text/html').querySelectorAll('.quiz-question');
                for (const form of forms) {
                    document.querySelector('main').append(document.adoptNode(form));
                    ask(form);
                    asked.push(form.dataset.question);
                    const typed = form.querySelector('input[type=text]');
                    for (const item of form.querySelectorAll('.answer-fold li')) {
                        if (typed) typed.value = item.dataset.value;
                        else form.querySelector(`input[value='${item.dataset.value}']`).checked = true;
                        form.requestSubmit();
                        const said = form.querySelector('.answer-verdict').textContent;
                        const right = said.startsWith('✓') === item.hasAttribute('data-right');
                        const because = item.querySelector('.answer-because').textContent;
                        if (!right || because.length < 10 || !said.includes(because)) bad.push(`${form.dataset.question}, ${item.dataset.value}: ${said}`);
                    }
                }
            }
            return { bad, asked };";
        let seen = tab.js_async(script, json!([chapters])).await?;
        ensure!(seen["bad"] == json!([]), "{}", seen["bad"]);
        let asked = seen["asked"].as_array().context("a list")?.len();
        ensure!(asked >= 8 * chapters.len(), "{asked} questions in {} chapters", chapters.len());
        Ok(())
    })
}

#[test]
fn a_prediction_is_made_by_keyboard_kept_and_shown_beside_the_truth() -> Result<()> {
    browse(async |tab| {
        open(tab, CHAPTER).await?;
        let hidden = "return document.querySelector('.predicted').hidden";
        ensure!(tab.js(hidden).await? == true, "nothing was predicted");
        tab.js("document.querySelectorAll('.prediction-form input')[1].focus()").await?;
        tab.press(Key::End).await?;
        let shares = "return [...document.querySelectorAll('.prediction-form output')].map(it => it.textContent)";
        ensure!(tab.js(shares).await? == json!([".00", "1.00", ".00", ".00"]), "one has all");
        for _ in 0..10 {
            tab.press(Key::Left).await?;
        }
        let left = tab.js("return [...document.querySelectorAll('.prediction-form input')].map(it => Number(it.value))").await?;
        let sum: i64 = left.as_array().context("values")?.iter().filter_map(Value::as_i64).sum();
        ensure!(sum == 100 && left[1] == 90, "{left}");
        tab.press(Key::Enter).await?;
        tab.until("it is shown", "return !document.querySelector('.predicted').hidden").await?;
        let gap = tab.js("return document.querySelector('.predicted .gap').textContent").await?;
        ensure!(gap.as_str().is_some_and(|it| it.contains("would have to move")), "{gap}");
        open(tab, CHAPTER).await?;
        ensure!(tab.js(hidden).await? == false, "it is gone");
        let yours = "return document.querySelectorAll('.predicted .yours')[1].textContent";
        ensure!(tab.js(yours).await? == ".90");
        Ok(())
    })
}

#[test]
fn a_browser_that_keeps_nothing_says_so_and_all_works_till_the_page_is_left() -> Result<()> {
    browse(async |tab| {
        let closed = "Storage.prototype.setItem = () => { throw new Error('full') };
            Storage.prototype.getItem = () => { throw new Error('closed') }";
        tab.before_pages(closed).await?;
        open(tab, CHAPTER).await?;
        choose(tab, COLUMN, true).await?;
        ensure!(verdict(tab, COLUMN).await?.starts_with("✓ Right."));
        tab.click(".prediction-form button").await?;
        let said = tab
            .js("return document.querySelector('.prediction-form .answer-verdict').textContent")
            .await?;
        ensure!(said.as_str().is_some_and(|it| it.contains("keeps nothing")), "{said}");
        ensure!(tab.js("return document.querySelector('.predicted').hidden").await? == false);
        Ok(())
    })
}

#[test]
fn what_is_read_and_done_shows_in_the_contents_and_on_the_front_page() -> Result<()> {
    browse(async |tab| {
        open(tab, CHAPTER).await?;
        tab.js("document.querySelectorAll('main h2')[1].scrollIntoView()").await?;
        tab.until("a section is read", "return document.querySelector('#contents .contents-done')")
            .await?;
        tab.until(
            "the place is kept",
            "return JSON.parse(localStorage.getItem('reader-record'))?.last",
        )
        .await?;
        tab.click(".exercise-done input").await?;
        tab.open("index.html").await?;
        let line = tab
            .until(
                "the front page tells",
                "return document.querySelector('.progress-line:not([hidden])')?.textContent",
            )
            .await?;
        let line = line.as_str().unwrap_or_default();
        ensure!(
            line.contains("Continue where you were: Spotlight") && line.contains("1 of"),
            "{line}"
        );
        tab.click(".progress-line a").await?;
        tab.until(
            "it leads back",
            "return location.pathname === '/ch01-spotlight.html' && location.hash",
        )
        .await?;
        tab.until(
            "the exercise is ticked",
            "return document.querySelector('.exercise-done input').checked",
        )
        .await?;
        Ok(())
    })
}

#[test]
fn the_review_asks_what_was_wrong_and_files_go_out_and_in() -> Result<()> {
    browse(async |tab| {
        open(tab, CHAPTER).await?;
        choose(tab, COLUMN, false).await?;
        tab.open("review.html").await?;
        tab.click("[data-do=ask]").await?;
        tab.until("it is asked", "return document.querySelector('.review-questions [data-awake]')")
            .await?;
        choose(tab, COLUMN, true).await?;
        let count = "return document.querySelector('.review-count').textContent";
        let count = tab.js(count).await?;
        ensure!(count.as_str().is_some_and(|it| it.contains("in 1 day")), "{count}");
        let load = "const input = document.querySelector('.record-file input');
            const files = new DataTransfer();
            files.items.add(new File([arguments[0]], 'record.json'));
            input.files = files.files;
            input.dispatchEvent(new Event('change'))";
        let said = "return document.querySelector('.record-said').textContent";
        for (text, problem) in [
            ("nonsense", "not JSON"),
            ("{}", "no record of this book"),
            ("{\"book\":\"attention-you-can-run\",\"version\":9}", "another version"),
            (
                "{\"book\":\"attention-you-can-run\",\"version\":1,\"sections\":[7]}",
                "list of sections",
            ),
        ] {
            tab.js_with(load, json!([text])).await?;
            let heard = format!("{said}.includes(arguments[0]) && {}", &said["return ".len()..]);
            let said = tab.until_with("it is refused", &heard, json!([problem])).await?;
            ensure!(said.as_str().is_some_and(|it| it.ends_with("Nothing was changed.")), "{said}");
        }
        let kept = tab.js(KEPT).await?;
        tab.js("window.confirm = () => true").await?;
        tab.click("[data-do=forget]").await?;
        ensure!(tab.js(KEPT).await?.is_null(), "all is forgotten");
        tab.js_with(load, json!([kept.to_string()])).await?;
        tab.until("it is loaded", &format!("{said}.startsWith('Loaded')")).await?;
        ensure!(tab.js(KEPT).await? == kept, "what went out came in");
        Ok(())
    })
}

/// A reader who knows each question with a chance that grows with every answer, for half a year.
#[test]
fn the_rule_of_the_review_by_simulation() -> Result<()> {
    browse(async |tab| {
        open(tab, CHAPTER).await?;
        let script = format!(
            "{RECORD}
            const {{ DAYS, answered, due, empty, next, parse }} = record;
            let seed = 7;
            const chance = () => (seed = (seed * 48271) % 2147483647) / 2147483647;
            const mine = empty();
            const known = {{}};
            const asked = [];
            for (let day = 20000; day < 20180; day++) {{
                const fresh = day < 20040 ? [`ch01.q${{day}}a`, `ch02.q${{day}}b`] : [];
                const now = due(mine, day);
                const wrong = now.map(name => !mine.questions[name].right);
                if (wrong.includes(true) && wrong.lastIndexOf(true) > wrong.indexOf(false) && wrong.includes(false)) throw new Error('the wrong ones come first');
                asked.push(now.length);
                for (const name of [...now, ...fresh]) {{
                    const before = mine.questions[name];
                    if (before?.right && day < before.day + DAYS[Math.min(before.times, DAYS.length) - 1]) throw new Error(`${{name}} comes too early`);
                    const right = chance() < (known[name] ??= 0.5);
                    known[name] = Math.min(0.97, known[name] + 0.2);
                    mine.questions[name] = answered(before, right, day);
                    if (!right && !due(mine, day).includes(name)) throw new Error(`${{name}} was wrong and is not asked`);
                    if (right && next(mine.questions[name]) <= day) throw new Error(`${{name}} was right and is asked on the same day`);
                    const again = answered(mine.questions[name], true, day);
                    if (right && again.times !== mine.questions[name].times) throw new Error('a right answer before its day counts');
                }}
            }}
            const back = parse(JSON.stringify(mine));
            if (JSON.stringify(back) !== JSON.stringify(mine)) throw new Error('the record does not come back');
            const sum = (list) => list.reduce((one, two) => one + two, 0);
            return {{ learning: sum(asked.slice(0, 40)), later: sum(asked.slice(-40)), most: Math.max(...asked),
                mastered: Object.values(mine.questions).filter(({{ times }}) => times >= 4).length }};"
        );
        let seen = tab.js_async(&script, json!([])).await?;
        let number = |name: &str| seen[name].as_u64().unwrap_or(0);
        ensure!(number("later") * 2 < number("learning"), "the work does not grow less: {seen}");
        ensure!(number("most") < 30 && number("mastered") > 60, "{seen}");
        Ok(())
    })
}

#[test]
fn shares_keep_their_sum_and_numbers_are_read_in_many_ways() -> Result<()> {
    browse(async |tab| {
        open(tab, CHAPTER).await?;
        let script = format!(
            "{RECORD}
            const {{ number, same, share }} = record;
            let values = [25, 25, 25, 25];
            for (let turn = 0; turn < 3000; turn++) {{
                const value = (turn * 37) % 101;
                const place = (turn * 7) % 4;
                values = share(values, place, value);
                const sound = values[place] === value && values.every(it => Number.isInteger(it) && it >= 0);
                if (!sound || values.reduce((a, b) => a + b) !== 100) throw new Error(`${{values}}`);
            }}
            const read = ['.5', '0.5', '0,5', '50 %', '1/2', ' 1,024 ', '\\u22123', 'x', '', '1/2/3'].map(number);
            return [read.map(String), same('[2, 3]', '2x3', 'shape'), same('2 × 3', '[2,3]', 'shape'), same('[3, 2]', '[2, 3]', 'shape'), same('.804', '.8', 'number', .005), same('.81', '.8', 'number', .005)];"
        );
        let seen = tab.js_async(&script, json!([])).await?;
        let read = ["0.5", "0.5", "0.5", "0.5", "0.5", "1024", "-3", "NaN", "NaN", "NaN"];
        ensure!(seen == json!([read, true, true, false, true, false]), "{seen}");
        Ok(())
    })
}

#[test]
fn without_scripts_each_answer_lies_under_a_fold() -> Result<()> {
    let html = std::fs::read_to_string(site::book()?.join(CHAPTER))?;
    let html = scraper::Html::parse_document(&html);
    let selector = |text: &str| scraper::Selector::parse(text).expect("a selector");
    let forms: Vec<_> = html.select(&selector(".quiz-question")).collect();
    ensure!(forms.len() >= 8, "{} questions", forms.len());
    for form in forms {
        let right = form.select(&selector("details.answer-fold li[data-right]")).count();
        ensure!(right == 1, "a question has {right} right answers");
        ensure!(form.select(&selector("p.needs-script button")).count() == 1, "a dead button");
    }
    ensure!(html.select(&selector(".prediction-form.needs-script")).count() == 1);
    Ok(())
}
